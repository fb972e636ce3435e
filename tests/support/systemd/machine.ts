import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.js';
import { childrenOf } from '../netns/child-processes.js';
import type { Finished } from '../cluster/program.js';

// Tests find the source there, benchmarks the build.
const REPO = fileURLToPath(import.meta.resolve('@rustbalance/cli/main.js')).replace(
  /\/cli\/(dist\/)?main\.[jt]s$/,
  '',
);
const BOOT = join(REPO, 'tests/support/systemd/boot.sh');

/** Measured: it boots in under a second, alone on its machine. */
const BOOT_MS = 60_000;

/** Where cgroups of version 2 are: beside those of version 1, or alone. */
const cgroupRoot = async (): Promise<string> => {
  const unified = '/sys/fs/cgroup/unified';
  return access(unified).then(
    () => unified,
    () => '/sys/fs/cgroup',
  );
};

/** A real systemd as process 1 in namespaces of its own (boot.sh), with this repository at /opt/rustbalance. */
export class SystemdMachine {
  readonly #booted: ChildProcess;
  readonly #cgroup: string;
  readonly #scratch: string;
  /** Its process 1, as the test sees it. */
  readonly pid: number;

  private constructor(booted: ChildProcess, pid: number, cgroup: string, scratch: string) {
    this.#booted = booted;
    this.pid = pid;
    this.#cgroup = cgroup;
    this.#scratch = scratch;
  }

  static async boot(): Promise<SystemdMachine> {
    const cgroup = join(await cgroupRoot(), `rb-test-${randomUUID()}`);
    await mkdir(cgroup);
    const scratch = await mkdtemp(join(tmpdir(), 'rb-systemd-'));
    const said: string[] = [];
    const booted = spawn(BOOT, [], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        CGROUP: cgroup,
        SCRATCH: scratch,
        REPO,
        MACHINE_ID: randomUUID().replaceAll('-', ''),
      },
    });
    booted.on('error', (error) => said.push(error.message));
    booted.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    let machine: SystemdMachine | null = null;
    try {
      const pid = await eventually(
        'process 1 runs',
        async () => {
          if (booted.exitCode !== null) throw new Error(`no systemd: ${said.join('')}`);
          const [first] = await childrenOf(booted.pid ?? 0);
          return first?.name === 'systemd' ? first.pid : null;
        },
        { timeoutMs: BOOT_MS },
      );
      const made = new SystemdMachine(booted, pid, cgroup, scratch);
      machine = made;
      await eventually(
        'systemd has booted',
        async () => /^(running|degraded)/.test((await made.run('systemctl', 'is-system-running')).stdout),
        { timeoutMs: BOOT_MS },
      );
      return made;
    } catch (error) {
      booted.kill('SIGKILL');
      if (machine === null)
        await Promise.allSettled([rm(scratch, { recursive: true }), removeCgroups(cgroup)]);
      else await machine.stop();
      throw new Error(`${String(error)}\n${said.join('')}`, { cause: error });
    }
  }

  /** What goes in front of a command that shall run in its network, with the test's files. */
  get inNetwork(): readonly string[] {
    return ['nsenter', '-t', String(this.pid), '--net', '--'];
  }

  /** Runs a command in there; never rejects. */
  run(...command: readonly string[]): Promise<Finished> {
    const args = ['-t', String(this.pid), '--all', '--', ...command];
    return new Promise((resolve) => {
      const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
      execFile('nsenter', args, { timeout: 60_000, maxBuffer: 1 << 24, env }, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** Runs a command in there that must succeed. Its standard output. */
  async must(...command: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...command);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`);
    return stdout;
  }

  /** A path in there as the test sees it. */
  path(inside: string): string {
    return `/proc/${String(this.pid)}/root${inside}`;
  }

  /** Properties of a unit. */
  async show<P extends string>(
    unit: string,
    ...properties: readonly P[]
  ): Promise<Readonly<Record<P, string>>> {
    const text = await this.must('systemctl', 'show', unit, `--property=${properties.join(',')}`);
    const found = new Map(
      text
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    return Object.fromEntries(properties.map((name) => [name, found.get(name) ?? ''])) as Record<P, string>;
  }

  /** Its last lines in the journal, with all that was said before this was called. */
  async journal(unit: string, lines = 40): Promise<string> {
    // systemctl may be back before the journal has taken in what was said meanwhile.
    await this.run('journalctl', '--sync');
    return (await this.run('journalctl', '--no-pager', '-o', 'cat', '-n', String(lines), '-u', unit)).stdout;
  }

  async stop(): Promise<void> {
    if (this.#booted.exitCode === null && this.#booted.signalCode === null) {
      const ended = once(this.#booted, 'exit');
      // Its process 1 takes all of its namespace with it.
      process.kill(this.pid, 'SIGKILL');
      await ended;
    }
    await eventually('its cgroups are empty', () => removeCgroups(this.#cgroup).then(() => true), {
      timeoutMs: 30_000,
    });
    await rm(this.#scratch, { recursive: true, force: true });
  }
}

const removeCgroups = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroups(join(folder, entry.name));
  }
  await rmdir(folder);
};
