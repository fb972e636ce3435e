import type { ActorContext } from '../../kernel/actor.js';
import type { CancelTimer } from '../../kernel/clock.js';
import { RbError, errorData, rbError } from '../../kernel/errors.js';
import { parseStreamAddress } from '../../kernel/stream-address.js';
import { systemReason } from '../../kernel/system-reason.js';
import type { Alert } from './alerting.js';
import { alertPayload } from './payload.js';
import { postThroughTor } from './webhook.js';

/** A mail program that hands over to its queue needs milliseconds, a slow one seconds. */
const COMMAND_LIMIT_MS = 20_000;
const HOST_MARGIN_MS = 5_000;
/** A rendezvous takes 1-20 s. */
const WEBHOOK_LIMIT_MS = 60_000;

/** What cannot be told is told later: Tor itself may be what is down. */
const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 600_000;
const MOST_TRIES = 12;
/** The oldest go first: the newest says how it is. */
const MOST_WAITING = 50;

type Way = 'command' | 'webhook';

interface Waiting {
  readonly body: string;
  readonly tries: number;
}

export interface AlertSender {
  send(alert: Alert): void;
  useSocks(socks: string | null): void;
  /** Alerts that wait to be told. */
  readonly waiting: number;
  stop(): void;
}

interface Queue {
  add(body: string): void;
  /** What failed may succeed now. */
  retry(): void;
  readonly waiting: number;
  stop(): void;
}

/** Brings alerts one way, one after the other, again while it fails. A way that does not answer holds up no other. */
const queueOf = (
  way: Way,
  { clock, log }: Pick<ActorContext<'health'>, 'clock' | 'log'>,
  tell: (body: string) => Promise<void>,
): Queue => {
  let queue: Waiting[] = [];
  let busy = false;
  let stopped = false;
  let cancel: CancelTimer = () => undefined;

  const failed = (one: Waiting, error: unknown): void => {
    const tries = one.tries + 1;
    const data =
      error instanceof RbError
        ? error.data
        : errorData('alert.failed', `alerts.${way}`, { reason: systemReason(error) });
    if (tries === 1 || tries === MOST_TRIES) log.warn('an alert was not told', { tries }, data);
    if (tries < MOST_TRIES) queue = [...queue, { ...one, tries }];
  };

  const work = async (): Promise<void> => {
    if (busy || stopped) return;
    busy = true;
    cancel();
    const round = queue;
    queue = [];
    for (const one of round) {
      try {
        await tell(one.body);
      } catch (error) {
        if (!stopped) failed(one, error);
      }
    }
    busy = false;
    if (queue.length === 0 || stopped) return;
    const tries = Math.min(...queue.map((one) => one.tries));
    const waitMs = tries === 0 ? 0 : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1));
    cancel = clock.after(waitMs, () => {
      void work();
    });
  };

  return {
    add: (body) => {
      queue = [...queue, { body, tries: 0 }].slice(-MOST_WAITING);
      void work();
    },
    retry: () => {
      if (queue.length > 0) void work();
    },
    get waiting() {
      return queue.length;
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};

/** Brings alerts to the configured command and webhook. */
export const alertSender = (
  context: Pick<ActorContext<'health'>, 'clock' | 'config' | 'log' | 'request'>,
): AlertSender => {
  const { clock, config } = context;
  const [program, ...args] = config.alerts.command;
  const { webhook } = config.alerts;
  let socks: string | null = null;

  const run = async (command: string, body: string): Promise<void> => {
    const order = { command, args, input: Buffer.from(body), timeLimitMs: COMMAND_LIMIT_MS };
    const { ended, code } = await context.request('host.run', order, COMMAND_LIMIT_MS + HOST_MARGIN_MS);
    if (ended === 'exited' && code === 0) return;
    const reason = ended === 'exited' ? `it ended with ${String(code)}` : `it was ${ended}`;
    throw rbError('alert.failed', 'alerts.command', { reason });
  };

  const post = async (body: string): Promise<void> => {
    const at = socks === null ? null : parseStreamAddress(socks);
    if (at === null) throw rbError('alert.failed', 'alerts.webhook', { reason: 'Tor is not up' });
    await postThroughTor(at, webhook, body, WEBHOOK_LIMIT_MS);
  };

  const toCommand = program === undefined ? null : queueOf('command', context, (body) => run(program, body));
  const toWebhook = webhook === '' ? null : queueOf('webhook', context, post);
  const queues = [toCommand, toWebhook].filter((queue) => queue !== null);

  return {
    send: (alert) => {
      const body = alertPayload(alert, config.node.id, clock.wallMs());
      for (const queue of queues) queue.add(body);
    },
    useSocks: (now) => {
      const isNew = now !== null && socks === null;
      socks = now;
      if (isNew) toWebhook?.retry();
    },
    get waiting() {
      return queues.reduce((sum, { waiting }) => sum + waiting, 0);
    },
    stop: () => {
      for (const queue of queues) queue.stop();
    },
  };
};
