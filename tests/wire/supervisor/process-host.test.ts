import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { ChildOrder, ChildState, CommandOrder } from '@rustbalance/actors/kernel/host-messages.js';
import { makeLogger, type LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { CapabilityDrop } from '@rustbalance/supervisor/capability-drop.js';
import { ProcessHost } from '@rustbalance/supervisor/process-host.js';
import { runCommand } from '@rustbalance/supervisor/run-command.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually, within } from '../../support/eventually.js';

let host: ProcessHost;
let facts: (readonly ChildState[])[];
const patience = { timeoutMs: 15_000, everyMs: 10 };
const call = { from: 'tor', deadlineMs: 10_000 } as const;

beforeEach(() => {
  facts = [];
  const log = makeLogger(
    'host',
    () => 0,
    () => undefined,
  );
  host = new ProcessHost(systemClock, log, (children) => facts.push(children));
});

afterEach(() => {
  host.killAll();
});

const shell = (script: string, change: Partial<ChildOrder> = {}): ChildOrder => ({
  id: 'tor',
  command: '/bin/sh',
  args: ['-c', script],
  env: { PATH: process.env['PATH'] ?? '' },
  cwd: null,
  dropCapabilities: false,
  ...change,
});

const spawn = (order: ChildOrder): Promise<ChildState> => host.handlers['host.spawn'](order, call);

const signal = (id: string, name: 'SIGTERM' | 'SIGKILL') =>
  host.handlers['host.signal']({ id, signal: name }, call);

const ended = (): Promise<ChildState> =>
  eventually('the child has ended', () => host.children().find(({ exited }) => exited !== null), patience);

/** A process that has ended but was not waited for would show state Z. */
const exists = (pid: number): boolean => {
  const file = `/proc/${String(pid)}/stat`;
  return existsSync(file) && !readFileSync(file, 'utf8').includes(') Z ');
};

test('a child runs, and its end is told with code and last lines', async () => {
  const child = await spawn(shell('echo one; echo two >&2; exit 3'));
  expect(child).toMatchObject({ id: 'tor', exited: null });
  const last = await ended();
  expect(last).toMatchObject({ pid: child.pid, exited: { code: 3, signal: null } });
  await eventually('both lines', () => host.children()[0]?.lastLines.length === 2, patience);
  expect(host.children()[0]?.lastLines.toSorted()).toEqual(['one', 'two']);
  await eventually('two facts', () => facts.length === 2, patience);
  expect(facts.map(([state]) => state?.exited?.code ?? null)).toEqual([null, 3]);
});

test('an order for a child that runs already leaves it alone and describes it', async () => {
  const first = await spawn(shell('sleep 1000'));
  const second = await spawn(shell('exit 1'));
  expect(second.pid).toBe(first.pid);
});

test('two orders at the same time make one child', async () => {
  const [first, second] = await Promise.all([spawn(shell('sleep 1000')), spawn(shell('sleep 1000'))]);
  expect(first.pid).toBe(second.pid);
});

test('a child that has ended is started again when it is ordered again', async () => {
  const first = await spawn(shell('exit 0'));
  await ended();
  const second = await spawn(shell('sleep 1000'));
  expect(second.pid).not.toBe(first.pid);
  expect(host.children()).toHaveLength(1);
});

test('a program that does not exist is named, with the reason', async () => {
  await expect(spawn(shell('', { command: '/nowhere/tor' }))).rejects.toMatchObject({
    code: 'host.spawn-failed',
    data: { detail: { command: '/nowhere/tor', reason: 'ENOENT' } },
  });
  expect(host.children()).toEqual([]);
});

test('a child gets the environment of its order, without what belongs to the daemon alone', async () => {
  process.env['RB_TEST_LEAK'] = 'leaked';
  try {
    await spawn(
      shell('env', { env: { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: '/x', LISTEN_FDS: '1', OWN: '1' } }),
    );
    await ended();
    await eventually('the output', () => (host.children()[0]?.lastLines.length ?? 0) >= 2, patience);
    const lines = host.children()[0]?.lastLines.join('\n') ?? '';
    expect(lines).toContain('OWN=1');
    expect(lines).not.toMatch(/NOTIFY_SOCKET|LISTEN_FDS|RB_TEST_LEAK/);
  } finally {
    delete process.env['RB_TEST_LEAK'];
  }
});

test('of endless output the last lines are kept, cut to their length', async () => {
  const script =
    'i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; head -c 100000 /dev/zero | tr "\\0" x';
  await spawn(shell(script));
  await ended();
  await eventually('the last line', () => host.children()[0]?.lastLines.at(-1)?.startsWith('xxx'), patience);
  const lines = host.children()[0]?.lastLines ?? [];
  expect(lines).toHaveLength(20);
  expect(lines.at(-2)).toBe('line 499');
  expect(Math.max(...lines.map((line) => line.length))).toBe(300);
});

test('a signal reaches the child; a child that does not run has none to take', async () => {
  await spawn(shell('sleep 1000'));
  expect(await signal('tor', 'SIGTERM')).toMatchObject({ child: { id: 'tor' } });
  expect((await ended()).exited).toMatchObject({ signal: 'SIGTERM' });
  expect(await signal('tor', 'SIGTERM')).toEqual({ child: null });
  expect(await signal('nobody', 'SIGKILL')).toEqual({ child: null });
});

test('a stop ends every child; one that ignores SIGTERM is killed after the deadline', async () => {
  const polite = await spawn(shell('sleep 1000', { id: 'polite' }));
  const stubborn = await spawn(
    shell('trap "" TERM; echo ready; while :; do sleep 0.1; done', { id: 'stubborn' }),
  );
  await eventually('the trap', () => host.children()[1]?.lastLines.includes('ready'), patience);
  await within(15_000, 'the host has stopped', host.stop(300));
  expect(host.children().map(({ exited }) => exited?.signal)).toEqual(['SIGTERM', 'SIGKILL']);
  expect([exists(polite.pid), exists(stubborn.pid)]).toEqual([false, false]);
  await expect(spawn(shell('sleep 1000', { id: 'late' }))).rejects.toMatchObject({ code: 'host.stopping' });
});

test('a forced end kills every child without waiting', async () => {
  const { pid } = await spawn(shell('trap "" TERM; sleep 1000'));
  host.killAll();
  await eventually('it is gone', () => !exists(pid), patience);
});

test('a child has a session of its own, so that Ctrl-C at a terminal reaches the daemon only', async () => {
  const { pid } = await spawn(shell('sleep 1000'));
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  expect(Number(fields[3])).toBe(pid);
});

test('the number of children is bounded', async () => {
  for (let i = 0; i < 16; i++) await spawn(shell('sleep 1000', { id: `child-${String(i)}` }));
  await expect(spawn(shell('sleep 1000', { id: 'one too many' }))).rejects.toMatchObject({
    code: 'host.too-many-children',
  });
});

/** A host that hands on capabilities as under the unit of the daemon, whatever runs this test. */
const hostOfUnit = (run = (order: CommandOrder) => runCommand(order, systemClock)): LogRecord[] => {
  const logs: LogRecord[] = [];
  const log = makeLogger(
    'host',
    () => 0,
    (record) => logs.push(record),
  );
  const ownStatus = (): string => 'CapInh:\t0000000000001000\nCapAmb:\t0000000000001000\n';
  host = new ProcessHost(
    systemClock,
    log,
    (children) => facts.push(children),
    new CapabilityDrop({ ownStatus, run }),
  );
  return logs;
};
const lines = (): readonly string[] => host.children()[0]?.lastLines ?? [];

test('a child without capabilities inherits none, and is the program of its order in every other respect', async () => {
  const logs = hostOfUnit();
  const script = 'grep ^Cap /proc/self/status; read -r line < /dev/zero';
  const { pid } = await spawn(shell(script, { command: 'sh', dropCapabilities: true }));
  await eventually('its capabilities', () => lines().length === 5, patience);
  expect(lines()).toEqual(expect.arrayContaining(['CapInh:\t0000000000000000', 'CapAmb:\t0000000000000000']));
  // By these leftover-tor.ts knows a Tor of ours again.
  expect(readlinkSync(`/proc/${String(pid)}/exe`)).toBe(realpathSync('/bin/sh'));
  expect(readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0')).toEqual(['sh', '-c', script, '']);
  expect(await signal('tor', 'SIGTERM')).toMatchObject({ child: { pid } });
  expect((await ended()).exited).toMatchObject({ signal: 'SIGTERM' });
  expect(logs.filter(({ level }) => level === 'error')).toEqual([]);
});

test('a child whose capabilities cannot be dropped runs all the same, and the operator is told once', async () => {
  const missing = { ended: 'not-started', code: null, stdout: '', stderr: '' } as const;
  const logs = hostOfUnit(() => Promise.resolve(missing));
  for (const times of [1, 2]) {
    await spawn(shell('exit 7', { dropCapabilities: true }));
    expect((await ended()).exited?.code).toBe(7);
    expect(logs.filter(({ error }) => error?.code === 'host.capabilities-kept')).toHaveLength(1);
    await eventually('its end is told', () => facts.length === 2 * times, patience);
  }
});

test('a child without capabilities whose program does not exist is told as such', async () => {
  hostOfUnit();
  const order = shell('', { command: '/nowhere/tor', dropCapabilities: true });
  await expect(spawn(order)).rejects.toMatchObject({
    code: 'host.spawn-failed',
    data: { detail: { command: '/nowhere/tor', reason: 'ENOENT' } },
  });
});
