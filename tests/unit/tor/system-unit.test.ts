import { describe, expect, it } from 'vitest';
import type { CommandResult } from '@rustbalance/actors/kernel/host-messages.js';
import { SystemUnit, unitOf } from '@rustbalance/actors/tor/system-unit.js';

const shown = (units: Readonly<Record<string, readonly [load: string, file: string]>>): string =>
  Object.entries(units)
    .map(([id, [load, file]]) => `Id=${id}\nLoadState=${load}\nUnitFileState=${file}\n`)
    .join('\n');

const NONE = ['not-found', ''] as const;
const HERE = ['loaded', 'enabled'] as const;
const DEBIAN = {
  'rustbalance-tor.service': NONE,
  'tor@default.service': ['loaded', 'static'],
  'tor.service': HERE,
} as const;

const nothing = (): undefined => undefined;
const log = { error: nothing, warn: nothing, info: nothing, debug: nothing };
const well = (stdout = ''): CommandResult => ({ ended: 'exited', code: 0, stdout, stderr: '' });

const world = (units: string, answer: (args: readonly string[]) => CommandResult = () => well()) => {
  const ran: string[] = [];
  const unit = new SystemUnit({
    log,
    run: ({ command, args }) => {
      ran.push(args.join(' '));
      return Promise.resolve(command === 'systemctl' && args[0] === 'show' ? well(units) : answer(args));
    },
  });
  return { ran, unit };
};

describe('the unit of a system Tor', () => {
  it('is ours before Debian’s, and Debian’s instance before what starts it', () => {
    expect(unitOf(shown({ ...DEBIAN, 'rustbalance-tor.service': HERE }))).toBe('rustbalance-tor.service');
    expect(unitOf(shown(DEBIAN))).toBe('tor@default.service');
    expect(unitOf(shown({ ...DEBIAN, 'tor@default.service': NONE }))).toBe('tor.service');
  });

  it('is none that somebody turned off', () => {
    expect(unitOf(shown({ ...DEBIAN, 'rustbalance-tor.service': ['loaded', 'disabled'] }))).toBe(
      'tor@default.service',
    );
    expect(unitOf(shown({ 'tor.service': ['masked', 'masked'] }))).toBeNull();
    expect(unitOf('')).toBeNull();
  });

  it('is restarted without waiting for it, even where systemd has given it up', async () => {
    const { ran, unit } = world(shown(DEBIAN));
    await unit.restart(false, null);
    expect(ran.slice(1)).toEqual([
      'reset-failed tor@default.service',
      '--no-block restart tor@default.service',
    ]);
  });

  it('is killed first where Tor hangs, since it takes no SIGTERM', async () => {
    const { ran, unit } = world(shown(DEBIAN));
    await unit.restart(true, null);
    expect(ran[1]).toBe('kill --signal=SIGKILL tor@default.service');
    expect(ran.at(-1)).toBe('--no-block restart tor@default.service');
  });

  it('that may not be restarted is an error that says why', async () => {
    const refused = { ended: 'exited', code: 1, stdout: '', stderr: 'Access denied\n' } as const;
    const { unit } = world(shown(DEBIAN), (args) => (args.includes('restart') ? refused : well()));
    await expect(unit.restart(false, null)).rejects.toMatchObject({
      code: 'tor.unit-not-restarted',
      data: { what: expect.stringContaining('Access denied') as unknown },
    });
  });

  it('that is not there, or without systemctl, is an error, too', async () => {
    await expect(world('').unit.restart(false, null)).rejects.toMatchObject({
      code: 'tor.unit-not-restarted',
    });
    const without = new SystemUnit({
      log,
      run: () => Promise.resolve({ ended: 'not-started', code: null, stdout: '', stderr: '' }),
    });
    await expect(without.restart(false, null)).rejects.toMatchObject({ code: 'tor.unit-not-restarted' });
  });
});
