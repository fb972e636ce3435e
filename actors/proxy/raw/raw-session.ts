import type { Socket } from 'node:net';
import { BytePipe } from '../byte-pipe.js';
import { resetSocket } from '../reset-socket.js';
import type { Session, SessionServices } from '../session.js';
import { TargetFailure } from '../target/target-failure.js';
import type { TargetSlot } from '../target/target-slot.js';

/** A client connection in raw mode: a connection to the target of its own, and bytes both ways. */
export class RawSession implements Session {
  readonly #client: Socket;
  readonly #services: SessionServices;
  readonly #giveUp = new AbortController();
  #pipe: BytePipe | null = null;
  #movedMs: number;
  #slot: TargetSlot | null = null;
  readonly #tried: TargetSlot[] = [];

  constructor(client: Socket, services: SessionServices) {
    this.#client = client;
    this.#services = services;
    this.#movedMs = services.clock.monotonicMs();
    client.once('close', () => {
      this.#giveUp.abort();
      if (this.#pipe === null) this.#closed();
    });
    client.pause();
    const slot = services.targets.choose(this.#tried);
    if (slot !== null) this.#ask(slot);
    else {
      services.traffic.unavailableTotal++;
      resetSocket(client);
    }
  }

  check(nowMs: number): void {
    if (nowMs - this.#movedMs > this.#services.limits.idleTimeoutMs) this.destroy();
  }

  /** Where a raw connection may end only its two ends know: it goes on until the deadline of the stop, if there is one. */
  drain(): void {
    return;
  }

  /** Nobody knows whether it has come to its end. */
  retire(): void {
    return;
  }

  destroy(): void {
    if (this.#pipe === null) resetSocket(this.#client);
    else this.#pipe.destroy();
  }

  #ask(slot: TargetSlot): void {
    this.#slot = slot;
    slot.enter();
    slot.connector.connect(this.#giveUp.signal).then(
      (target) => {
        this.#join(target, slot);
      },
      (error: unknown) => {
        this.#failed(error, slot);
      },
    );
  }

  #join(target: Socket, slot: TargetSlot): void {
    if (this.#client.destroyed) {
      target.destroy();
      return;
    }
    const { traffic } = this.#services;
    slot.answered();
    this.#moved();
    this.#pipe = new BytePipe(this.#client, target, {
      sent: (bytes) => {
        traffic.bytesIn += bytes;
        this.#moved();
      },
      received: (bytes) => {
        traffic.bytesOut += bytes;
        this.#moved();
      },
      pipeClosed: () => {
        this.#closed();
      },
    });
    this.#pipe.start(null, null);
  }

  /** Nothing of the client has gone anywhere yet: another target is as good. */
  #failed(error: unknown, slot: TargetSlot): void {
    if (this.#client.destroyed) return;
    if (error instanceof TargetFailure) slot.failed(error);
    this.#tried.push(slot);
    this.#leave();
    const next = this.#services.targets.choose(this.#tried);
    if (next === null) {
      resetSocket(this.#client);
      return;
    }
    this.#services.traffic.retriesTotal++;
    this.#moved();
    this.#ask(next);
  }

  #closed(): void {
    this.#leave();
    this.#services.closed(this);
  }

  #leave(): void {
    this.#slot?.leave(this.#pipe !== null);
    this.#slot = null;
  }

  #moved(): void {
    this.#movedMs = this.#services.clock.monotonicMs();
  }
}
