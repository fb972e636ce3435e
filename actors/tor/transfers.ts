import type { ActorContext } from '../kernel/actor.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import type { FetchOrder, UploadOrder } from './messages.js';
import type { TorSession } from './session.js';

type Context = Pick<ActorContext<'tor'>, 'clock' | 'signal'>;

/** Other actors' uploads to HSDirs and fetches from them, by the session in use. */
export class Transfers {
  readonly #context: Context;
  readonly #session: () => TorSession;

  /** @param session throws RbError tor.not-up while there is none */
  constructor(context: Context, session: () => TorSession) {
    this.#context = context;
    this.#session = session;
  }

  async upload({ address, descriptor, hsdirs }: UploadOrder): Promise<{ startedAtMs: number }> {
    const session = this.#session();
    const startedAtMs = this.#context.clock.wallMs();
    await session.upload(address, descriptor, hsdirs);
    return { startedAtMs };
  }

  async fetch({ address, hsdir }: FetchOrder): Promise<{ descriptor: string | null; reason: string | null }> {
    const { descriptor, reason } = await this.#session().fetcher.fetch(address, hsdir);
    return { descriptor: descriptor === null ? null : Buffer.from(descriptor).toString('latin1'), reason };
  }

  /** An HSDir answered an upload. */
  answered(event: HsDescEvent): void {
    const hsdir = event.hsDir?.fingerprint ?? null;
    if (event.address === null || hsdir === null) return;
    const accepted = event.action === 'UPLOADED';
    this.#context.signal('tor.upload-answer', {
      address: event.address,
      hsdir,
      accepted,
      reason: accepted ? null : (event.reason ?? 'UNEXPECTED'),
      atMs: this.#context.clock.wallMs(),
    });
  }
}
