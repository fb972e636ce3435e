import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { eventually } from '../eventually.js';
import type { InspectJson, StatusJson } from '../cluster/status.js';
import type { SystemdMachine } from './machine.js';

export const DAEMON = 'rustbalance.service';
export const TOR = 'rustbalance-tor.service';

/** What the README's installation does. */
export const install = async (machine: SystemdMachine): Promise<void> => {
  await machine.must('useradd', '--system', '--user-group', '--no-create-home', 'rustbalance');
  await machine.must(
    'install',
    '-d',
    '-o',
    'rustbalance',
    '-g',
    'rustbalance',
    '-m',
    '0700',
    '/etc/rustbalance',
  );
  for (const name of ['rustbalance', 'rbctl']) {
    await machine.must('ln', '-sf', '/opt/rustbalance/cli/dist/main.js', `/usr/local/bin/${name}`);
  }
  // The test's own Node, wherever that is.
  if ((await machine.run('sh', '-c', 'command -v node')).code !== 0) {
    await machine.must('ln', '-s', process.execPath, '/usr/local/bin/node');
  }
  for (const unit of [DAEMON, TOR]) {
    await machine.must('cp', `/opt/rustbalance/ops/${unit}`, '/etc/systemd/system/');
  }
  await machine.must('mkdir', '-p', '/etc/tor');
  await machine.must('cp', '/opt/rustbalance/ops/rustbalance-tor.torrc', '/etc/tor/rustbalance.torrc');
  await machine.must('systemctl', 'daemon-reload');
};

/** Settings of one unit for a test, as an operator would override them. */
export const override = async (
  machine: SystemdMachine,
  unit: string,
  lines: readonly string[],
): Promise<void> => {
  const folder = `/etc/systemd/system/${unit}.d`;
  await machine.must('mkdir', '-p', folder);
  await writeFile(machine.path(`${folder}/test.conf`), `${lines.join('\n')}\n`);
  await machine.must('systemctl', 'daemon-reload');
};

/** The daemon of the machine as its operator sees it. */
export class InstalledDaemon {
  readonly #machine: SystemdMachine;

  constructor(machine: SystemdMachine) {
    this.#machine = machine;
  }

  get configPath(): string {
    return this.#machine.path('/etc/rustbalance/config.toml');
  }

  async init(...more: readonly string[]): Promise<void> {
    await this.#machine.must(
      ...['rustbalance', 'init', '--config-dir', '/etc/rustbalance', '--node-id', 'alpha', '--yes'],
      ...['--target', 'http://127.0.0.1:8080', ...more],
    );
  }

  /** Puts lines at the end of the configuration's section, which must stand in it. */
  async configure(section: string, lines: readonly string[]): Promise<void> {
    const text = await readFile(this.configPath, 'utf8');
    const header = `[${section}]\n`;
    if (!text.includes(header)) {
      await appendFile(this.configPath, `\n${header}${lines.join('\n')}\n`);
      return;
    }
    await writeFile(this.configPath, text.replace(header, `${header}${lines.join('\n')}\n`));
  }

  backUpConfig(): Promise<void> {
    return copyFile(this.configPath, `${this.configPath}.good`);
  }

  restoreConfig(): Promise<void> {
    return copyFile(`${this.configPath}.good`, this.configPath);
  }

  status(): Promise<StatusJson> {
    return askDaemon(this.#machine.path('/run/rustbalance/control.sock'), { command: 'status' });
  }

  inspect(): Promise<InspectJson> {
    return askDaemon(this.#machine.path('/run/rustbalance/control.sock'), {
      command: 'inspect',
      actor: null,
    });
  }

  /** The main process as the unit names it, in the machine's own numbers. */
  async pid(): Promise<number> {
    return Number((await this.#machine.show(DAEMON, 'MainPID')).MainPID);
  }

  /** Signals the main process alone, as `kill` in the machine does. */
  async signal(signal: string): Promise<void> {
    await this.#machine.must('kill', `-${signal}`, String(await this.pid()));
  }

  async until(what: string, holds: (status: StatusJson) => boolean, timeoutMs: number): Promise<StatusJson> {
    try {
      return await eventually(
        what,
        async () => {
          const status = await this.status();
          return holds(status) ? status : null;
        },
        { timeoutMs, everyMs: 25 },
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.#machine.journal(DAEMON)}`, { cause: error });
    }
  }
}
