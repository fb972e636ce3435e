/** WireGuard within the sandbox of the shipped unit, with CAP_NET_ADMIN as its only right. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { DAEMON, InstalledDaemon, install } from '../support/systemd/install.js';
import { SystemdMachine } from '../support/systemd/machine.js';

let machine: SystemdMachine;

beforeAll(async () => {
  machine = await SystemdMachine.boot();
  await install(machine);
});
afterAll(async () => {
  await machine.stop();
});

const tunnel = async (): Promise<string> => (await machine.run('ip', 'link', 'show', 'dev', 'wg-rb')).stdout;

it('the daemon sets its tunnel up, and takes it down when it stops', async () => {
  const daemon = new InstalledDaemon(machine);
  await daemon.init('--endpoint', '127.0.0.1:51820');
  await daemon.configure('tor', ['extra_torrc = ["DisableNetwork 1"]']);
  try {
    await machine.must('systemctl', 'start', DAEMON);
    await eventually('the interface is up', async () => /[<,]UP[,>]/.test(await tunnel()), {
      timeoutMs: 20_000,
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${await machine.journal(DAEMON, 60)}`, { cause: error });
  }
  await machine.must('systemctl', 'stop', DAEMON);
  expect(await machine.journal(DAEMON, 5)).toContain('stopped code=0 forced=false');
  expect(await tunnel()).toBe('');
  expect((await machine.run('pgrep', '-x', 'wireguard-go')).stdout).toBe('');
});
