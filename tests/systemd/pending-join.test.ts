/** A machine whose join waits for a member, under the shipped unit: the sandbox must let it be completed. */
import { access } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { measuring } from '../support/measured.js';
import { DAEMON, InstalledDaemon, install } from '../support/systemd/install.js';
import { SystemdMachine } from '../support/systemd/machine.js';

let machine: SystemdMachine;

const MEMBER = ['--config-dir', '/root/a/etc', '--state-dir', '/root/a/state', '--run-dir', '/root/a/run'];
const TARGET = ['--target', 'http://127.0.0.1:8080', '--yes'];

beforeAll(async () => {
  machine = await SystemdMachine.boot();
  await install(machine);
}, 120_000);
afterAll(async () => {
  await machine.stop();
});

it('the unit is up while the join waits, says so, and serves as soon as a member takes the machine in', async () => {
  const address = ['--listen', '127.0.0.1:7001', '--node-id', 'alpha', '--json'];
  const made = await machine.must('rustbalance', 'init', ...MEMBER, ...TARGET, ...address);
  const { join_token: token } = JSON.parse(made) as { join_token: string };
  await machine.must('sh', '-c', `umask 077; echo '${token}' >/root/token`);
  // Nobody answers yet.
  const join = `rustbalance join --config-dir /etc/rustbalance --listen 127.0.0.1:7002 --node-id beta ${TARGET.join(' ')}`;
  expect((await machine.run('sh', '-c', `${join} </root/token`)).code).toBe(1);

  // Whoever starts the unit, and the boot of the machine, need not wait for the member.
  await machine.must('systemctl', 'start', DAEMON);
  const shown = async (): Promise<string> => (await machine.show(DAEMON, 'StatusText')).StatusText;
  await eventually(
    'it says what it waits for',
    async () => (await shown()).startsWith('waits for a member'),
    {
      timeoutMs: 60_000,
    },
  );
  await expect(access(machine.path('/etc/rustbalance/config.toml'))).rejects.toMatchObject({
    code: 'ENOENT',
  });

  const joined = measuring('a join finds nobody, and then a member comes up: the machine is a member');
  const tor = ['--set', 'tor.extra_torrc=["DisableNetwork 1"]'];
  await machine.must(
    'systemd-run',
    '--unit=member',
    'rustbalance',
    'run',
    '--config',
    '/root/a/etc/config.toml',
    ...tor,
  );
  const daemon = new InstalledDaemon(machine);
  await daemon.until('the machine is a member', ({ ready, peers }) => ready && peers.length === 1, 150_000);
  joined();
  expect((await machine.show(DAEMON, 'NRestarts')).NRestarts).toBe('0');
  await access(daemon.configPath);
}, 360_000);
