/** What the service manager is told (sd_notify(3)). */
export type NotifyState =
  /** All actors have shaken hands, or what SIGHUP asked for is done. */
  | { readonly kind: 'ready' }
  /** The configuration is read again; `ready` follows. The manager wants to know when, on CLOCK_MONOTONIC. */
  | { readonly kind: 'reloading'; readonly monotonicUs: bigint }
  | { readonly kind: 'stopping' }
  /** One line for `systemctl status`. */
  | { readonly kind: 'status'; readonly text: string }
  /** The supervisor's verdict is good: nothing hangs that it could not end. */
  | { readonly kind: 'watchdog' };

export type Notify = (state: NotifyState) => void;

export const notifyNobody: Notify = () => undefined;

/** A line feed would begin another assignment. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').slice(0, 200);

/** As sd_notify(3) writes it. */
export const assignments = (state: NotifyState): readonly string[] => {
  switch (state.kind) {
    case 'ready':
      return ['READY=1'];
    case 'reloading':
      return ['RELOADING=1', `MONOTONIC_USEC=${String(state.monotonicUs)}`];
    case 'stopping':
      return ['STOPPING=1'];
    case 'status':
      return [`STATUS=${oneLine(state.text)}`];
    case 'watchdog':
      return ['WATCHDOG=1'];
  }
};
