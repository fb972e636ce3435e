import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Room for a Tor's directory of a private network and what a daemon keeps. */
const SIZE = '48m';

/** Small disks need a right to mount. */
export const canMount = (): boolean => process.getuid?.() === 0;

/**
 * A disk of its own for a node's state. It is mounted in a mount namespace that only `cat` is in: everybody reaches it through
 * /proc, the machine's own mounts are not touched, and it is gone with the test, however that ends.
 */
export class SmallDisk {
  readonly #holder: ChildProcess;
  readonly path: string;

  private constructor(holder: ChildProcess, path: string) {
    this.#holder = holder;
    this.path = path;
  }

  /** @param mountPoint an empty folder */
  static async make(mountPoint: string): Promise<SmallDisk> {
    const script = `mount -t tmpfs -o size=${SIZE},mode=0700 tmpfs "$0" && mkdir -m 0700 "$0/state" && echo ready && exec cat`;
    const holder = spawn('unshare', ['--mount', 'sh', '-c', script, mountPoint], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    if (!line.toString().includes('ready') || holder.pid === undefined) throw new Error('no small disk');
    return new SmallDisk(holder, `/proc/${String(holder.pid)}/root${mountPoint}`);
  }

  get stateDir(): string {
    return `${this.path}/state`;
  }

  get #filling(): string {
    return `${this.path}/filling`;
  }

  /** Fills it to the last byte. */
  async fill(): Promise<void> {
    // dd ends with an error: that the disk is full is what it is for.
    await execute('dd', ['if=/dev/zero', `of=${this.#filling}`, 'bs=4k']).catch(() => undefined);
  }

  async makeRoom(): Promise<void> {
    await rm(this.#filling, { force: true });
  }

  async end(): Promise<void> {
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await ended;
  }
}
