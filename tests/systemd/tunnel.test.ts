/** WireGuard within the sandbox of the shipped unit, with CAP_NET_ADMIN as its only right. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { DAEMON, InstalledDaemon, install, override } from '../support/systemd/install.js';
import { SystemdMachine } from '../support/systemd/machine.js';

let machine: SystemdMachine;
let daemon: InstalledDaemon;

beforeAll(async () => {
  machine = await SystemdMachine.boot();
  await install(machine);
  daemon = new InstalledDaemon(machine);
  await daemon.init('--endpoint', '127.0.0.1:51820');
  await daemon.configure('tor', ['extra_torrc = ["DisableNetwork 1"]', 'standby = true']);
}, 120_000);
afterAll(async () => {
  await machine.stop();
});

const tunnel = async (): Promise<string> => (await machine.run('ip', 'link', 'show', 'dev', 'wg-rb')).stdout;

const startWithTunnel = async (): Promise<void> => {
  try {
    await machine.must('systemctl', 'start', DAEMON);
    await eventually('the interface is up', async () => /[<,]UP[,>]/.test(await tunnel()), {
      timeoutMs: 60_000,
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${await machine.journal(DAEMON, 60)}`, { cause: error });
  }
};

const pidsOf = async (program: string): Promise<readonly number[]> =>
  (await machine.run('pgrep', '-x', program)).stdout.split('\n').filter(Boolean).map(Number);

const bothTors = (): Promise<readonly number[]> =>
  eventually(
    'both Tors run',
    async () => {
      const pids = await pidsOf('tor');
      return pids.length === 2 && pids;
    },
    { timeoutMs: 60_000 },
  );

/** Capability sets by name: Inh, Prm, Eff, Amb. */
const capabilities = async (pid: number): Promise<Readonly<Record<string, string>>> => {
  const status = await machine.must('cat', `/proc/${String(pid)}/status`);
  const sets = [...status.matchAll(/^Cap(Inh|Prm|Eff|Amb):\s*(\w+)$/gm)];
  return Object.fromEntries(sets.map(([, name, set]) => [name, set]));
};
const allAre = (set: string) => ({ Inh: set, Prm: set, Eff: set, Amb: set });
const NET_ADMIN = '0000000000001000';
const NONE = '0000000000000000';

it('the tunnel has the capability of the daemon, and its Tors have none', async () => {
  await startWithTunnel();
  const tors = await bothTors();
  expect(await capabilities(await daemon.pid())).toEqual(allAre(NET_ADMIN));
  // Where the kernel has no WireGuard.
  for (const pid of await pidsOf('wireguard-go')) expect(await capabilities(pid)).toEqual(allAre(NET_ADMIN));
  for (const pid of tors) expect(await capabilities(pid)).toEqual(allAre(NONE));
  expect(await machine.journal(DAEMON, 500)).not.toContain('host.capabilities-kept');
  await machine.must('systemctl', 'stop', DAEMON);
}, 150_000);

it('with a unit that does not allow it a Tor keeps the capability, and the operator is told', async () => {
  await override(machine, DAEMON, ['[Service]', 'SystemCallFilter=~capset']);
  await startWithTunnel();
  const journal = await eventually(
    'it is told of both',
    async () => {
      const lines = await machine.journal(DAEMON, 500);
      return (lines.match(/host\.capabilities-kept/g) ?? []).length >= 2 && lines;
    },
    { timeoutMs: 60_000 },
  );
  expect(journal).toContain('Operation not permitted');
  for (const pid of await bothTors()) expect(await capabilities(pid)).toEqual(allAre(NET_ADMIN));
  await machine.must('systemctl', 'stop', DAEMON);
  await override(machine, DAEMON, []);
}, 150_000);

it('the daemon sets its tunnel up, and takes it down when it stops', async () => {
  await startWithTunnel();
  await machine.must('systemctl', 'stop', DAEMON);
  expect(await machine.journal(DAEMON, 20)).toContain('stopped code=0 forced=false');
  expect(await tunnel()).toBe('');
  expect((await machine.run('pgrep', '-x', 'wireguard-go')).stdout).toBe('');
}, 150_000);
