/** What systemd itself thinks of the shipped units. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAEMON, TOR, install } from '../support/systemd/install.js';
import { SystemdMachine } from '../support/systemd/machine.js';

let machine: SystemdMachine;

beforeAll(async () => {
  machine = await SystemdMachine.boot();
  await install(machine);
}, 120_000);
afterAll(async () => {
  await machine.stop();
});

it.each([DAEMON, TOR])('%s has no mistake that systemd-analyze finds', async (unit) => {
  const { code, stdout, stderr } = await machine.run(
    'systemd-analyze',
    'verify',
    `/etc/systemd/system/${unit}`,
  );
  expect(stdout + stderr).toBe('');
  expect(code).toBe(0);
});

it.each([DAEMON, TOR])('%s is exposed by 2.0 of 10 at most', async (unit) => {
  const path = `/etc/systemd/system/${unit}`;
  const { code, stdout } = await machine.run(
    'systemd-analyze',
    'security',
    '--offline=true',
    '--threshold=20',
    path,
  );
  expect(stdout).toContain('Overall exposure level');
  expect(code).toBe(0);
});

it('the units say what the operator was promised', async () => {
  const promised = {
    Restart: 'always',
    RestartUSec: '3s',
    StartLimitIntervalUSec: '5min',
    StartLimitBurst: '10',
  };
  for (const unit of [DAEMON, TOR]) {
    expect(
      await machine.show(unit, 'Restart', 'RestartUSec', 'StartLimitIntervalUSec', 'StartLimitBurst'),
    ).toEqual(promised);
  }
  const { After, RestartPreventExitStatus } = await machine.show(DAEMON, 'After', 'RestartPreventExitStatus');
  expect(RestartPreventExitStatus).toBe('78');
  for (const tor of ['rustbalance-tor.service', 'tor@default.service', 'tor.service']) {
    expect(After.split(' ')).toContain(tor);
  }
});
