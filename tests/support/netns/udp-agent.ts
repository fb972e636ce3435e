import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HostPort } from '@rustbalance/actors/kernel/stream-address.js';
import type { OpenUdp, UdpEvents } from '@rustbalance/actors/wg/udp-socket.js';
import type { Namespace } from './namespace.js';

const PROGRAM = fileURLToPath(new URL('udp-agent.mjs', import.meta.url));

interface Said {
  readonly id: number;
  readonly event: 'bound' | 'refused' | 'failed' | 'datagram' | 'sent' | 'send-failed';
  readonly number?: number;
  readonly code?: string;
  readonly bytes?: string;
  readonly host?: string;
  readonly address?: string;
  readonly port?: number;
}

/** UDP sockets in a namespace, held by a process in there. */
export class UdpAgent {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #listeners = new Map<number, (said: Said) => void>();
  #next = 0;

  constructor(namespace: Namespace) {
    this.#process = spawn('nsenter', [...namespace.enter, process.execPath, PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Said;
      this.#listeners.get(said.id)?.(said);
    });
  }

  #tell(message: object): void {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  readonly open: OpenUdp = (at, events: UdpEvents) =>
    new Promise((resolve, reject) => {
      const id = this.#next++;
      const failures = new Map<number, (code: string) => void>();
      let number = 0;
      const socket = (local: HostPort) => ({
        local,
        send: (bytes: Uint8Array, to: HostPort, failed: (code: string) => void) => {
          failures.set(++number, failed);
          this.#tell({ order: 'send', id, number, bytes: Buffer.from(bytes).toString('base64'), ...to });
        },
        close: () => {
          this.#listeners.delete(id);
          this.#tell({ order: 'close', id });
        },
      });
      this.#listeners.set(
        id,
        ({ event, code = 'unknown', bytes = '', host = '', address = '', port = 0, ...said }) => {
          if (event === 'bound') resolve(socket({ host: address, port }));
          if (event === 'refused') reject(Object.assign(new Error(code), { code }));
          if (event === 'failed') events.failed(code);
          if (event === 'datagram')
            events.datagram(Uint8Array.from(Buffer.from(bytes, 'base64')), { host, port });
          if (event === 'send-failed') failures.get(said.number ?? 0)?.(code);
          if (event === 'sent' || event === 'send-failed') failures.delete(said.number ?? 0);
        },
      );
      this.#tell({ order: 'bind', id, ...at });
    });

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }
}
