import type { ActorContext } from '../kernel/actor.js';
import { pause } from '../kernel/clock.js';
import { errorData } from '../kernel/errors.js';
import { JoinListener } from './join-listener.js';
import type { JoinCounts } from './join-listener.js';
import type { ListenUnix } from './unix-listener.js';

/** What answers a join frame; null refuses. */
export type AnswerJoin = (frame: Uint8Array) => Promise<Uint8Array | null>;

type DoorContext = Pick<ActorContext<'wg'>, 'clock' | 'random' | 'log'>;

const RETRY_MS = 2_000;

/** Holds a socket at which joins arrive open while they are wanted: behind virtual port 7002, or on a network of ours. */
export class JoinDoor {
  readonly #context: DoorContext;
  readonly #at: string;
  readonly #listen: ListenUnix;
  readonly #answer: AnswerJoin;
  #wanted = false;
  #listener: JoinListener | null = null;
  #told = '';

  /** @param at where `listen` shall listen: a path, or `IP:port` */
  constructor(context: DoorContext, at: string, listen: ListenUnix, answer: AnswerJoin) {
    this.#context = context;
    this.#at = at;
    this.#listen = listen;
    this.#answer = answer;
  }

  /** Null while it is shut. */
  get counts(): JoinCounts | null {
    return this.#listener?.counts ?? null;
  }

  shall(beOpen: boolean): void {
    this.#wanted = beOpen;
    if (!beOpen) this.#shut();
    else if (this.#listener === null) void this.#open();
  }

  close(): void {
    this.shall(false);
  }

  #shut(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  async #open(): Promise<void> {
    const { clock, random } = this.#context;
    const listener = new JoinListener({
      clock,
      random,
      listen: this.#listen,
      answer: this.#answer,
      failed: (code) => {
        if (this.#listener === listener) void this.#again(code);
      },
    });
    this.#listener = listener;
    try {
      await listener.open(this.#at);
      this.#told = '';
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      if (this.#listener === listener) await this.#again(code);
    }
  }

  async #again(code: string): Promise<void> {
    this.#shut();
    if (code !== this.#told) {
      this.#told = code;
      const error = errorData('transport.stream-socket-failed', this.#at, { reason: code });
      this.#context.log.warn(error.what, {}, error);
    }
    await pause(this.#context.clock, RETRY_MS);
    if (this.#wanted && this.#listener === null) await this.#open();
  }
}
