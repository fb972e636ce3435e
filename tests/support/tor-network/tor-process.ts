import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../eventually.js';
import { connectControl, type ControlConnection } from './control-connection.js';
import { childEnvironment } from './tor-programs.js';

// sockaddr_un holds 108 bytes with the terminator.
const LONGEST_SOCKET_PATH = 107;
const LOG_LINES_IN_ERRORS = 12;
const CONTROL_DEADLINE_MS = 30_000;

/** Tor ended by itself, or never came up: the last lines of its log say why. */
export class TorFailedError extends Error {
  readonly logLines: readonly string[];

  constructor(name: string, what: string, logLines: readonly string[]) {
    super(`tor "${name}" ${what}; the end of its log:\n${logLines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'TorFailedError';
    this.logLines = logLines;
  }
}

export interface TorProcessOptions {
  /** What errors and logs call it. */
  readonly name: string;
  /** Made if missing, mode 0700. Everything of this Tor is in it; kept by restart(). */
  readonly dataDir: string;
  /** torrc lines beside those for the data directory, the control socket and the log. */
  readonly torrc: readonly string[];
  /** Path of the program. */
  readonly program: string;
  /** What goes in front of the command, and becomes it; default nothing. */
  readonly enter?: readonly string[];
  readonly startTimeoutMs?: number;
}

/** One Tor, child of this process (of the thread that starts it); it is killed when that ends, however it ends. */
export interface TorProcess {
  readonly name: string;
  readonly dataDir: string;
  readonly torrcPath: string;
  readonly logPath: string;
  readonly controlSocket: string;
  readonly cookiePath: string;
  /** Of the present incarnation. */
  readonly pid: number;
  readonly isRunning: boolean;
  /**
   * Starts it and waits until its control socket answers.
   *
   * @throws TorFailedError with the last log lines, when it ends at once (a bad torrc) or does not answer
   */
  start(): Promise<void>;
  /** A control connection that is opened at first use and opened anew after a restart. */
  control(): Promise<ControlConnection>;
  /** Sends a signal (SIGKILL, SIGSTOP, SIGCONT, SIGHUP …) to this process alone. SIGKILL and SIGTERM wait for its end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again with the same torrc and data directory, killing it first where it still runs. */
  restart(): Promise<void>;
  /** Writes its torrc anew with these lines and has Tor read it. */
  reconfigure(torrc: readonly string[]): Promise<void>;
  /** Ends it; harmless when it has ended. */
  stop(): Promise<void>;
  /** Last lines of its log. */
  lastLogLines(count?: number): Promise<string[]>;
  /** Waits until Tor reports bootstrap progress 100. */
  bootstrapped(timeoutMs?: number): Promise<void>;
}

// The kernel kills Tor when this process is gone, and setpriv becomes Tor: no process between. Tor's own
// __OwningControllerProcess looks every 15 s only and exits cleanly, in which relays of tor 0.4.9.11 often hang for
// ever (seen: the main thread waits for a mutex in cpuworker_free_all).
const KILLED_WITH_PARENT = ['--pdeathsig', 'KILL', '--'];

const ownLines = (dataDir: string, controlSocket: string): string[] => [
  `DataDirectory ${dataDir}`,
  `ControlSocket ${controlSocket}`,
  'CookieAuthentication 1',
  'Log notice stdout',
  'SafeLogging 0',
  'AvoidDiskWrites 1',
  'RunAsDaemon 0',
];

class Child implements TorProcess {
  readonly name: string;
  readonly dataDir: string;
  readonly torrcPath: string;
  readonly logPath: string;
  readonly controlSocket: string;
  readonly cookiePath: string;
  readonly #options: TorProcessOptions;
  #torrc: readonly string[];
  #child: ChildProcess | undefined;
  #control: Promise<ControlConnection> | undefined;

  constructor(options: TorProcessOptions) {
    this.#options = options;
    this.#torrc = options.torrc;
    this.name = options.name;
    this.dataDir = options.dataDir;
    this.torrcPath = join(options.dataDir, 'torrc');
    this.logPath = join(options.dataDir, 'tor.log');
    this.controlSocket = join(options.dataDir, 'control');
    this.cookiePath = join(options.dataDir, 'control_auth_cookie');
    if (Buffer.byteLength(this.controlSocket) > LONGEST_SOCKET_PATH) {
      throw new Error(`${this.controlSocket} is too long for a unix socket: choose a shorter directory`);
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start(): Promise<void> {
    await mkdir(this.dataDir, { recursive: true, mode: 0o700 });
    const defaults = join(this.dataDir, 'torrc-defaults');
    await Promise.all([this.#writeTorrc(), writeFile(defaults, '')]);
    await this.#launch(defaults);
    await this.#controlAnswers(this.#options.startTimeoutMs ?? CONTROL_DEADLINE_MS);
  }

  #writeTorrc(): Promise<void> {
    const lines = [...ownLines(this.dataDir, this.controlSocket), ...this.#torrc];
    return writeFile(this.torrcPath, `${lines.join('\n')}\n`);
  }

  async #launch(defaults: string): Promise<void> {
    // A file instead of a pipe: Tor's log survives this process, and a stopped reader never blocks Tor.
    const log = await open(this.logPath, 'a', 0o600);
    try {
      const tor = [
        ...(this.#options.enter ?? []),
        this.#options.program,
        '-f',
        this.torrcPath,
        '--defaults-torrc',
        defaults,
      ];
      const child = spawn('setpriv', [...KILLED_WITH_PARENT, ...tor], {
        cwd: this.dataDir,
        env: childEnvironment(this.dataDir),
        stdio: ['ignore', log.fd, log.fd],
      });
      this.#child = child;
      child.once('exit', () => (this.#control = undefined));
      await once(child, 'spawn');
    } finally {
      await log.close();
    }
  }

  async #controlAnswers(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (!this.isRunning) throw await this.#failure(`ended with ${this.#end()}`);
      try {
        await this.control();
        return;
      } catch (error) {
        if (performance.now() > deadline) {
          await this.stop();
          throw await this.#failure(`did not answer on its control socket (${String(error)})`);
        }
      }
      await delay(20);
    }
  }

  #end(): string {
    return this.#child?.signalCode ?? `exit code ${String(this.#child?.exitCode)}`;
  }

  async #failure(what: string): Promise<TorFailedError> {
    return new TorFailedError(this.name, what, await this.lastLogLines(LOG_LINES_IN_ERRORS));
  }

  control(): Promise<ControlConnection> {
    this.#control ??= connectControl(this.controlSocket, this.cookiePath).catch((error: unknown) => {
      this.#control = undefined;
      throw error;
    });
    return this.#control;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await ended;
  }

  async stop(): Promise<void> {
    const control = await this.#control?.catch(() => undefined);
    control?.close();
    this.#control = undefined;
    // SIGKILL also ends a Tor that a test has stopped with SIGSTOP; nothing of a throw-away Tor is worth saving.
    await this.kill('SIGKILL');
  }

  async reconfigure(torrc: readonly string[]): Promise<void> {
    this.#torrc = torrc;
    await this.#writeTorrc();
    await (await this.control()).command('SIGNAL RELOAD');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async lastLogLines(count = LOG_LINES_IN_ERRORS): Promise<string[]> {
    const text = await readFile(this.logPath, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-count);
  }

  async bootstrapped(timeoutMs = 60_000): Promise<void> {
    await eventually(
      `tor "${this.name}" bootstrapped`,
      async () => {
        if (!this.isRunning) return true;
        return (await (await this.control()).getInfo('status/bootstrap-phase')).includes('PROGRESS=100');
      },
      { timeoutMs, everyMs: 50 },
    );
    if (!this.isRunning) throw await this.#failure(`ended with ${this.#end()} before it had bootstrapped`);
  }
}

/** A Tor that does not run yet. */
export const torProcess = (options: TorProcessOptions): TorProcess => new Child(options);
