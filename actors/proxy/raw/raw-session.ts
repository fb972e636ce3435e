import type { Socket } from 'node:net';
import { BytePipe } from '../byte-pipe.js';
import { resetSocket } from '../reset-socket.js';
import type { Session, SessionServices } from '../session.js';
import { TargetFailure } from '../target/target-failure.js';

/** A client connection in raw mode: a connection to the target of its own, and bytes both ways. */
export class RawSession implements Session {
  readonly #client: Socket;
  readonly #services: SessionServices;
  readonly #giveUp = new AbortController();
  #pipe: BytePipe | null = null;
  #movedMs: number;

  constructor(client: Socket, services: SessionServices) {
    this.#client = client;
    this.#services = services;
    this.#movedMs = services.clock.monotonicMs();
    client.once('close', () => {
      this.#giveUp.abort();
      if (this.#pipe === null) services.closed(this);
    });
    client.pause();
    services.connector.connect(this.#giveUp.signal).then(
      (target) => {
        this.#join(target);
      },
      (error: unknown) => {
        this.#failed(error);
      },
    );
  }

  check(nowMs: number): void {
    if (nowMs - this.#movedMs > this.#services.limits.idleTimeoutMs) this.destroy();
  }

  /** Where a raw connection may end only its two ends know: it goes on until the deadline of the stop. */
  drain(): void {
    if (this.#pipe === null) this.destroy();
  }

  destroy(): void {
    if (this.#pipe === null) resetSocket(this.#client);
    else this.#pipe.destroy();
  }

  #join(target: Socket): void {
    if (this.#client.destroyed) {
      target.destroy();
      return;
    }
    const { traffic } = this.#services;
    traffic.targetAnswers++;
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
        this.#services.closed(this);
      },
    });
    this.#pipe.start(null, null);
  }

  #failed(error: unknown): void {
    if (this.#client.destroyed) return;
    if (error instanceof TargetFailure) this.#services.traffic.targetFailed(error);
    resetSocket(this.#client);
  }

  #moved(): void {
    this.#movedMs = this.#services.clock.monotonicMs();
  }
}
