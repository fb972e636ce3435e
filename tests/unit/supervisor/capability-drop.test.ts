import { describe, expect, it } from 'vitest';
import type { CommandOrder, CommandResult } from '@rustbalance/actors/kernel/host-messages.js';
import { CapabilityDrop, handsOnCapabilities } from '@rustbalance/supervisor/capability-drop.js';

/** /proc/self/status of a process with these sets. */
const status = (inherited: string, ambient: string, permitted = '0000000000000000'): string =>
  [
    'Name:\tnode',
    'NoNewPrivs:\t1',
    `CapInh:\t${inherited}`,
    `CapPrm:\t${permitted}`,
    `CapEff:\t${permitted}`,
    'CapBnd:\t0000000000001000',
    `CapAmb:\t${ambient}`,
    '',
  ].join('\n');
const NONE = '0000000000000000';
const NET_ADMIN = '0000000000001000';
const OF_THE_UNIT = status(NET_ADMIN, NET_ADMIN, NET_ADMIN);
/** As Debian's installs and containers run root. */
const OF_ROOT = status(NONE, NONE, '000001ffffffffff');

const GOOD: CommandResult = { ended: 'exited', code: 0, stdout: '', stderr: '' };

const world = (ownStatus: string | null, ...results: readonly CommandResult[]) => {
  const runs: CommandOrder[] = [];
  let reads = 0;
  const drop = new CapabilityDrop({
    ownStatus: () => {
      reads++;
      return ownStatus;
    },
    run: (order) => {
      runs.push(order);
      return Promise.resolve(results[Math.min(runs.length, results.length) - 1] ?? GOOD);
    },
  });
  const of = (command: string, path = '/usr/bin:/bin') =>
    drop.of({ command, args: ['-f', '/x'], env: { PATH: path }, cwd: null });
  return { of, runs, reads: () => reads };
};

describe('the capabilities that a process hands on', () => {
  it.each([
    ['of the unit with AmbientCapabilities=', OF_THE_UNIT, true],
    ['inheritable ones alone', status(NET_ADMIN, NONE), true],
    ['ambient ones alone', status(NONE, NET_ADMIN), true],
    ['of a user without any', status(NONE, NONE), false],
    ['of root, whose programs are root’s', OF_ROOT, false],
    ['of a system that does not say', '', false],
  ])('%s', (_, text, expected) => {
    expect(handsOnCapabilities(text)).toBe(expected);
  });
});

describe('a program that is to run without capabilities', () => {
  const plain = { command: 'sh', args: ['-f', '/x'], keptBecause: null };

  it('is started as it is where there are none to drop, and setpriv is not looked for', async () => {
    for (const text of [status(NONE, NONE), OF_ROOT, null]) {
      const { of, runs } = world(text);
      expect(await of('sh')).toEqual(plain);
      expect(runs).toEqual([]);
    }
  });

  it('is started by setpriv, which was tried before', async () => {
    const { of, runs } = world(OF_THE_UNIT);
    const expected = {
      command: 'setpriv',
      args: ['--inh-caps=-all', '--ambient-caps=-all', '--', 'sh', '-f', '/x'],
      keptBecause: null,
    };
    expect(await of('sh')).toEqual(expected);
    expect(await of('sh')).toEqual(expected);
    expect(runs.map(({ command, args }) => [command, ...args])).toEqual([
      ['setpriv', '--inh-caps=-all', '--ambient-caps=-all', '--', 'true'],
    ]);
  });

  it.each<[string, CommandResult, string]>([
    [
      'setpriv is missing',
      { ended: 'not-started', code: null, stdout: '', stderr: '' },
      'there is no setpriv',
    ],
    [
      'the unit does not allow capset',
      {
        ended: 'exited',
        code: 1,
        stdout: '',
        stderr: 'setpriv: apply capabilities: Operation not permitted\n',
      },
      'setpriv: apply capabilities: Operation not permitted',
    ],
    ['it says nothing', { ended: 'exited', code: 3, stdout: '', stderr: '' }, 'exit code 3'],
    ['it hangs', { ended: 'timed-out', code: null, stdout: '', stderr: '' }, 'setpriv did not end'],
  ])('is started all the same, and why it keeps them is told: %s', async (_, result, reason) => {
    const { of } = world(OF_THE_UNIT, result, GOOD);
    expect(await of('sh')).toEqual({ ...plain, keptBecause: reason });
    // Tried again at the next start.
    expect(await of('sh')).toMatchObject({ command: 'setpriv', keptBecause: null });
  });

  it.each([['/nowhere/tor'], ['no-such-program-anywhere']])(
    'is left to fail by itself where it does not exist: %s',
    async (command) => {
      const { of, runs } = world(OF_THE_UNIT);
      expect(await of(command)).toEqual({ ...plain, command });
      expect(runs).toEqual([]);
    },
  );

  it('asks what the process hands on once', async () => {
    const { of, reads } = world(OF_THE_UNIT);
    await of('sh');
    await of('sh');
    expect(reads()).toBe(1);
  });
});
