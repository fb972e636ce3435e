import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActorContext } from '../kernel/actor.js';
import { errorData, RbError, rbError, type ErrorData } from '../kernel/errors.js';
import type { ChildState } from '../kernel/host-messages.js';
import { withoutPlaces } from '../kernel/redact.js';
import { checkPrivateDirectory } from './directory-check.js';
import { endLeftoverTor, findOurTor, type ProcessFacts, type Processes } from './leftover-tor.js';
import { makePrivateDirectory, readIfThere, writePrivateFile } from './private-files.js';

export interface TorProcessOptions {
  readonly context: Pick<ActorContext<'tor'>, 'request' | 'clock' | 'log'>;
  readonly processes: Processes;
  /** The id under which the process host knows it. */
  readonly childId: string;
  readonly binary: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly torrcPath: string;
  readonly pidFile: string;
  readonly torrc: string;
  /** Does the Tor that runs already answer on our control socket? */
  readonly answers: () => Promise<boolean>;
  /** Called with what ended our Tor, once for each process. */
  readonly exited: (error: ErrorData) => void;
}

const HOST_DEADLINE_MS = 5_000;
const TERM_PATIENCE_MS = 2_000;
const KILL_PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 25;
/** The host notes the start by its own clock, in another thread. */
const START_TOLERANCE_MS = 100;

const reasonOf = (error: unknown): string => {
  if (error instanceof RbError) return error.data.what;
  return error instanceof Error ? error.message : String(error);
};

const howItEnded = ({ exited }: ChildState): string =>
  typeof exited?.signal === 'string'
    ? `by ${exited.signal}`
    : `with exit code ${String(exited?.code ?? 'unknown')}`;

/** What Tor said last, without the time stamp and level in front of it. */
const lastWords = (child: ChildState): string => {
  const telling =
    child.lastLines.filter((line) => /\[(err|warn)\]/.test(line)).at(-1) ?? child.lastLines.at(-1);
  return withoutPlaces((telling ?? 'none').replace(/^.*?\[(err|warn|notice)\] /, '')).slice(0, 200);
};

/**
 * The process of a managed Tor: a child of the process host, or one that a daemon before this one left behind and
 * that goes on with its introduction points alive.
 */
export class TorProcess {
  readonly #options: TorProcessOptions;
  #child: ChildState | null = null;
  #latest: readonly ChildState[] = [];
  #adopted: ProcessFacts | null = null;
  /** The process whose end has been told. */
  #toldPid: number | null = null;

  constructor(options: TorProcessOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#adopted?.pid ?? this.#child?.pid ?? null;
  }

  /** True for a Tor that the process host does not know and will not end. */
  get isAdopted(): boolean {
    return this.#adopted !== null;
  }

  /** Prepares the directories, so that Tor cannot fail on them. Throws RbError `tor.directory-unusable`. */
  async prepareDirectories(): Promise<void> {
    const { dataDir, runDir } = this.#options;
    const uid = process.getuid?.() ?? 0;
    for (const directory of [dataDir, runDir]) {
      const fault = await checkPrivateDirectory(directory, uid);
      if (fault !== null) throw new RbError(fault);
      await makePrivateDirectory(directory, null);
    }
  }

  /** Makes sure that a Tor with our torrc runs: the one that does, or a new one. Resolves with whether it is new. */
  async launch(): Promise<boolean> {
    const { context, processes, pidFile, torrcPath, torrc } = this.#options;
    this.#adopted = null;
    const written = await readIfThere(torrcPath);
    const isSame = written !== null && Buffer.from(written).toString('utf8') === torrc;
    const found = await findOurTor(pidFile, torrcPath, processes);
    // The host's own child is its to describe: spawning answers with it.
    if (found !== null && found.parentPid !== process.pid) {
      if (isSame && (await this.#options.answers())) {
        context.log.info('going on with the Tor that an earlier daemon left running', { pid: found.pid });
        this.#adopted = found;
        return false;
      }
      context.log.warn('ending the Tor that an earlier daemon left behind', { pid: found.pid });
      await endLeftoverTor(found, torrcPath, processes, context.clock);
    }
    return this.#spawn(isSame);
  }

  async #spawn(isWritten: boolean): Promise<boolean> {
    const { context, childId, binary, dataDir, torrcPath, torrc } = this.#options;
    const defaults = join(dataDir, 'torrc-defaults');
    const orderedAtMs = context.clock.wallMs();
    try {
      await this.prepareDirectories();
      if (!isWritten) await writePrivateFile(torrcPath, Buffer.from(torrc), null);
      // The system's own torrc-defaults would otherwise be read, with its User and its ports.
      if ((await readFile(defaults).catch(() => null))?.length !== 0) {
        await writePrivateFile(defaults, new Uint8Array(), null);
      }
      const order = {
        id: childId,
        command: binary,
        args: ['-f', torrcPath, '--defaults-torrc', defaults],
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          HOME: dataDir,
          LC_ALL: 'C',
        },
        cwd: dataDir,
        // It speaks with strangers, and has no use for the CAP_NET_ADMIN that the tunnel needs.
        dropCapabilities: true,
      };
      this.#child = await context.request('host.spawn', order, HOST_DEADLINE_MS);
    } catch (error) {
      if (error instanceof RbError && error.code === 'tor.directory-unusable') throw error;
      throw rbError('tor.start-failed', binary, { reason: reasonOf(error) }, error);
    }
    const { pid, startedAtMs } = this.#child;
    const isNew = startedAtMs >= orderedAtMs - START_TOLERANCE_MS;
    context.log.info(isNew ? 'tor started' : 'going on with the tor that runs', { pid });
    // Its end may have been told before this answer came.
    this.children(this.#latest);
    return isNew;
  }

  /** What the process host says of its children. */
  children(children: readonly ChildState[]): void {
    this.#latest = children;
    const state = children.find(({ id }) => id === this.#options.childId);
    if (state === undefined || state.pid !== this.#child?.pid) return;
    this.#child = state;
    this.#tellIfExited(state);
  }

  #tellIfExited(state: ChildState): void {
    if (state.exited === null || this.#toldPid === state.pid) return;
    this.#toldPid = state.pid;
    this.#options.exited(
      errorData('tor.ended', `process ${String(state.pid)}`, {
        how: howItEnded(state),
        lastLine: lastWords(state),
      }),
    );
  }

  /** Is the process there (as far as is known without asking it)? An adopted one is looked at. */
  async isRunning(): Promise<boolean> {
    const { processes, torrcPath, pidFile } = this.#options;
    if (this.#adopted !== null) return (await findOurTor(pidFile, torrcPath, processes)) !== null;
    return this.#child?.exited === null;
  }

  /** Ends it, hung or not: SIGCONT, SIGTERM, and SIGKILL when that does not help; waits until it is gone. */
  async end(): Promise<void> {
    const { context, processes, torrcPath } = this.#options;
    if (this.#adopted !== null) {
      const adopted = this.#adopted;
      this.#adopted = null;
      await endLeftoverTor(adopted, torrcPath, processes, context.clock);
      return;
    }
    await this.#signal('SIGCONT');
    await this.#signal('SIGTERM');
    if (await this.#isGoneWithin(TERM_PATIENCE_MS)) return;
    await this.#signal('SIGKILL');
    if (await this.#isGoneWithin(KILL_PATIENCE_MS)) return;
    throw rbError('tor.data-directory-in-use', torrcPath, { pid: this.pid ?? 0 });
  }

  async #signal(signal: 'SIGCONT' | 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { context, childId } = this.#options;
    await context.request('host.signal', { id: childId, signal }, HOST_DEADLINE_MS);
  }

  async #isGoneWithin(patienceMs: number): Promise<boolean> {
    const { clock } = this.#options.context;
    const deadline = clock.monotonicMs() + patienceMs;
    while (this.#child !== null && this.#child.exited === null) {
      if (clock.monotonicMs() >= deadline) return false;
      await new Promise<void>((resolve) => {
        clock.after(LOOK_EVERY_MS, resolve);
      });
    }
    return true;
  }
}
