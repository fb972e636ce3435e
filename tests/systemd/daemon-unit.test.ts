/** The shipped unit of the daemon under a real systemd, with a managed Tor that has no network. */
import { access } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { measuring } from '../support/measured.js';
import { DAEMON, InstalledDaemon, install, override } from '../support/systemd/install.js';
import { SystemdMachine } from '../support/systemd/machine.js';

let machine: SystemdMachine;
let daemon: InstalledDaemon;

/** A start takes a second or two alone on its machine, and was seen to take nine. */
const PATIENCE_MS = 60_000;

/** The watchdog's patience in these tests: the shipped one is 30 s. */
const QUICK_WATCHDOG = ['[Service]', 'WatchdogSec=5', 'RestartSec=100ms'];

beforeAll(async () => {
  machine = await SystemdMachine.boot();
  await install(machine);
  daemon = new InstalledDaemon(machine);
  await daemon.init();
  await daemon.configure('tor', ['extra_torrc = ["DisableNetwork 1"]']);
  await daemon.backUpConfig();
}, 240_000);
afterAll(async () => {
  await machine.stop();
});

const state = async (): Promise<string> => (await machine.show(DAEMON, 'ActiveState')).ActiveState;

/** The good configuration and the shipped unit again, nothing running, and an empty record of starts. */
const afresh = async (): Promise<void> => {
  await machine.run('systemctl', 'stop', DAEMON);
  await daemon.restoreConfig();
  await override(machine, DAEMON, []);
  await machine.run('systemctl', 'reset-failed', DAEMON);
};

/** Waits for another main process than `before`, which has told that it is ready. */
const anotherIsReady = (before: number): Promise<number> =>
  eventually(
    'another daemon is ready',
    async () => {
      const { MainPID, ActiveState } = await machine.show(DAEMON, 'MainPID', 'ActiveState');
      return ActiveState === 'active' && Number(MainPID) !== before && Number(MainPID);
    },
    { timeoutMs: PATIENCE_MS, everyMs: 50 },
  );

describe('the unit of the daemon', () => {
  beforeEach(async () => {
    await afresh();
    await machine.must('systemctl', 'start', DAEMON);
  }, 120_000);

  it('is started when every actor is ready, and not before', async () => {
    // systemctl waited for readiness.
    expect((await daemon.status()).ready).toBe(true);
    expect((await machine.show(DAEMON, 'NRestarts')).NRestarts).toBe('0');
    const text = await eventually(
      'systemctl status tells how it is',
      async () => {
        const { StatusText } = await machine.show(DAEMON, 'StatusText');
        return StatusText.startsWith('publisher, Tor ') && StatusText;
      },
      { timeoutMs: PATIENCE_MS },
    );
    expect(text).not.toMatch(/[a-z2-7]{56}/);
  }, 90_000);

  it('starts it again after SIGKILL', async () => {
    const before = await daemon.pid();
    const again = measuring('the daemon is killed, its Tor managed: ready again');
    await daemon.signal('KILL');
    await anotherIsReady(before);
    again();
    expect((await daemon.status()).ready).toBe(true);
  }, 90_000);

  it('is started by the boot of the machine', async () => {
    await machine.must('systemctl', 'enable', DAEMON);
    await machine.must('systemctl', 'stop', DAEMON);
    // What a boot reaches at its end, without all else that this machine's own wants.
    const script = [
      'cd /run/systemd/system; mkdir -p boot.target.wants; echo "[Unit]" >boot.target',
      `cp -P /etc/systemd/system/multi-user.target.wants/${DAEMON} boot.target.wants`,
      'systemctl daemon-reload',
    ];
    await machine.must('sh', '-ec', script.join('\n'));
    const ready = measuring('the machine boots (its target is reached): ready');
    await machine.must('systemctl', 'start', 'boot.target');
    await daemon.until('it is ready', (status) => status.ready, PATIENCE_MS);
    ready();
    await machine.must('systemctl', 'disable', DAEMON);
  }, 120_000);

  it('stops it in order, with its Tor, and calls that a success', async () => {
    const stopped = measuring('the unit is stopped: the daemon and its Tor have ended');
    await machine.must('systemctl', 'stop', DAEMON);
    stopped();
    const journal = await machine.journal(DAEMON, 8);
    expect(journal).toContain('stopped code=0 forced=false');
    // Tor carries goodbye and the last responses: it may not be told to stop with the daemon.
    expect(journal).not.toContain('tor.ended');
    expect(journal).toContain('Deactivated successfully');
    expect((await machine.run('pgrep', '-x', 'tor')).stdout).toBe('');
    await expect(access(machine.path('/run/rustbalance'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('starts it again after a SIGTERM that was not the service manager’s', async () => {
    const before = await daemon.pid();
    const again = measuring('the daemon gets a SIGTERM of somebody else: ready again');
    await daemon.signal('TERM');
    await anotherIsReady(before);
    again();
  }, 90_000);

  it('leaves it alone while it is well, and ends and starts it when it hangs', async () => {
    await override(machine, DAEMON, QUICK_WATCHDOG);
    await machine.must('systemctl', 'restart', DAEMON);
    const before = await daemon.pid();
    const fedAt = async (): Promise<number> =>
      Number((await machine.show(DAEMON, 'WatchdogTimestampMonotonic')).WatchdogTimestampMonotonic);
    const first = await fedAt();
    // Longer than its patience, on the clock that it counts by.
    await eventually('it was fed for 7 s', async () => (await fedAt()) > first + 7_000_000, {
      timeoutMs: PATIENCE_MS,
    });
    expect(await daemon.pid()).toBe(before);
    const again = measuring('the daemon hangs (WatchdogSec=5, RestartSec=0.1): ready again');
    await daemon.signal('STOP');
    await anotherIsReady(before);
    again();
    expect(await machine.journal(DAEMON)).toContain('Watchdog timeout');
  }, 180_000);

  it('reloads what can change, in the same process', async () => {
    const before = await daemon.pid();
    const { actors } = await daemon.inspect();
    await daemon.configure('proxy', ['max_connections = 77']);
    await machine.must('systemctl', 'reload', DAEMON);
    await eventually(
      'the proxy is another',
      async () => (await daemon.inspect()).actors.proxy?.generation === (actors.proxy?.generation ?? 0) + 1,
      { timeoutMs: PATIENCE_MS },
    );
    expect(await daemon.pid()).toBe(before);
    expect((await daemon.inspect()).actors.tor?.generation).toBe(actors.tor?.generation);
    await eventually('it is active again', async () => (await state()) === 'active', {
      timeoutMs: PATIENCE_MS,
    });
  }, 150_000);

  it('goes on with the last good configuration when a reload finds a mistake', async () => {
    const before = await daemon.pid();
    await daemon.configure('proxy', ['max_connections = "many"']);
    const refused = measuring('the configuration has a mistake at a reload: the error is in the journal');
    await machine.must('systemctl', 'reload', DAEMON);
    const journal = await eventually(
      'the mistake is in the journal',
      async () => {
        const lines = await machine.journal(DAEMON);
        return lines.includes('reload.refused') && lines;
      },
      { timeoutMs: PATIENCE_MS },
    );
    refused();
    expect(journal).toContain('proxy.max_connections');
    expect(await daemon.pid()).toBe(before);
    expect((await daemon.status()).ready).toBe(true);
  }, 90_000);
});

describe('a daemon that cannot start', () => {
  beforeEach(afresh);

  it('is left alone after ten tries', async () => {
    // No mistake in the configuration: starting again might help.
    const occupied = 'ExecStartPre=/bin/sh -c "echo occupied >/run/rustbalance/control.sock"';
    await override(machine, DAEMON, ['[Service]', 'RestartSec=50ms', occupied]);
    const left = measuring('the daemon fails at every start (RestartSec=0.05): left alone after ten');
    await machine.run('systemctl', 'start', '--no-block', DAEMON);
    await eventually('it is left alone', async () => (await state()) === 'failed', { timeoutMs: 200_000 });
    left();
    const journal = await machine.journal(DAEMON, 500);
    expect(journal.match(/control-socket\.not-a-socket/g)).toHaveLength(10);
    expect(journal).toContain('Start request repeated too quickly');
  }, 240_000);

  it('is tried once with a configuration that cannot work', async () => {
    await daemon.configure('proxy', ['listn = ""']);
    expect((await machine.run('systemctl', 'start', DAEMON)).code).not.toBe(0);
    expect(await machine.show(DAEMON, 'ActiveState', 'ExecMainStatus', 'NRestarts')).toEqual({
      ActiveState: 'failed',
      ExecMainStatus: '78',
      NRestarts: '0',
    });
    expect(await machine.journal(DAEMON, 20)).toContain('listn');
  });
});
