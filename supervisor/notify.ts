/**
 * What the service manager is told (sd_notify(3)). The daemon only says these; how they reach the manager is the
 * business of whoever starts the daemon.
 */
export type NotifyState =
  /** All actors have shaken hands. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'stopping' }
  /** One line for `systemctl status`. */
  | { readonly kind: 'status'; readonly text: string };

export type Notify = (state: NotifyState) => void;

export const notifyNobody: Notify = () => undefined;
