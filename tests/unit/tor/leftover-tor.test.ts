import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  endLeftoverTor,
  findOurTor,
  isOurTor,
  parsePidFile,
  systemProcesses,
  type ProcessFacts,
  type Processes,
} from '@rustbalance/actors/tor/leftover-tor.js';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const TORRC = '/var/lib/rustbalance/tor/torrc';
const tor = (over: Partial<ProcessFacts> = {}): ProcessFacts => ({
  pid: 4711,
  parentPid: 1,
  executable: '/usr/bin/tor',
  args: ['tor', '-f', TORRC, '--defaults-torrc', '/x'],
  ...over,
});

describe('a pid file', () => {
  it.each([
    ['4711\n', 4711],
    ['4711', 4711],
    ['', null],
    ['0\n', null],
    ['-1\n', null],
    ['4711 4712\n', null],
    ['99999999999\n', null],
    ['x', null],
  ])('of %j names %s', (text, pid) => {
    expect(parsePidFile(text)).toBe(pid);
  });
});

describe('a process is the Tor that an earlier daemon started', () => {
  it.each([
    ['with our torrc', tor(), true],
    ['after its program was upgraded', tor({ executable: '/usr/bin/tor (deleted)' }), true],
    [
      'where its program cannot be seen',
      tor({ executable: null, args: ['/usr/bin/tor', '-f', TORRC] }),
      true,
    ],
    ['not with another torrc', tor({ args: ['tor', '-f', '/etc/tor/torrc'] }), false],
    ['not when the number now belongs to another program', tor({ executable: '/usr/bin/node' }), false],
    ['not when it is named like Tor only at the beginning', tor({ executable: '/usr/bin/torsocksd' }), false],
    ['not when the torrc is named elsewhere', tor({ args: ['tor', '--hash', TORRC] }), false],
  ])('%s', (_, process, ours) => {
    expect(isOurTor(process, TORRC)).toBe(ours);
  });
});

/** A process that ends after a certain signal. */
const mortal = (endsOn: string | null) => {
  const signals: string[] = [];
  const processes: Processes = {
    look: async () => (signals.some((signal) => signal === endsOn) ? null : tor()),
    ofOurUser: async () => [],
    kill: (_, signal) => signals.push(signal),
  };
  return { signals, processes };
};

describe('ending it', () => {
  it('wakes it, asks it, and waits until it is gone', async () => {
    const { signals, processes } = mortal('SIGTERM');
    await endLeftoverTor(tor(), TORRC, processes, new SimulatedClock(0));
    expect(signals).toEqual(['SIGCONT', 'SIGTERM']);
  });

  it('waits for one that is ending, since it may hold its data directory still', async () => {
    const clock = new SimulatedClock(0);
    let asked = false;
    const processes: Processes = {
      look: async () => {
        if (!asked) return tor();
        return clock.monotonicMs() < 200 ? tor({ executable: null, args: [] }) : null;
      },
      ofOurUser: async () => [],
      kill: (_, signal) => {
        asked ||= signal === 'SIGTERM';
      },
    };
    let isGone = false;
    const ended = endLeftoverTor(tor(), TORRC, processes, clock).then(() => {
      isGone = true;
    });
    await clock.advance(150);
    expect(isGone).toBe(false);
    await clock.advance(100);
    await ended;
  });

  it('kills it when it does not go', async () => {
    const { signals, processes } = mortal('SIGKILL');
    const clock = new SimulatedClock(0);
    const ended = endLeftoverTor(tor(), TORRC, processes, clock);
    await clock.advance(3000);
    await ended;
    expect(signals).toEqual(['SIGCONT', 'SIGTERM', 'SIGKILL']);
  });

  it('says so when even that does not help', async () => {
    const clock = new SimulatedClock(0);
    const ended = endLeftoverTor(tor(), TORRC, mortal(null).processes, clock);
    const refused = expect(ended).rejects.toMatchObject({ code: 'tor.data-directory-in-use' });
    await clock.advance(5000);
    await refused;
  });

  it('hits no other process that got its number meanwhile', async () => {
    const signals: string[] = [];
    const processes: Processes = {
      look: async () => tor({ executable: '/usr/bin/sshd' }),
      ofOurUser: async () => [],
      kill: (_, signal) => signals.push(signal),
    };
    await endLeftoverTor(tor(), TORRC, processes, new SimulatedClock(0));
    expect(signals).not.toContain('SIGKILL');
  });
});

describe('finding it', () => {
  const others: Processes = {
    look: async (pid) =>
      pid === 4711 ? tor() : tor({ pid, args: ['/usr/bin/tor', '-f', '/etc/tor/torrc'] }),
    ofOurUser: async () => [1, 4711, 4712],
    kill: () => undefined,
  };

  it.each(['', '47', '4712\n', '\u0007\u00ff'])(
    'does so whatever has become of its pid file: %j',
    async (text) => {
      const folder = await mkdtemp(join(tmpdir(), 'rb-pid-'));
      await writeFile(join(folder, 'tor.pid'), text);
      expect((await findOurTor(join(folder, 'tor.pid'), TORRC, others))?.pid).toBe(4711);
      expect((await findOurTor(join(folder, 'none.pid'), TORRC, others))?.pid).toBe(4711);
      await rm(folder, { recursive: true });
    },
  );

  it('takes no Tor with another torrc for it', async () => {
    const processes = { ...others, ofOurUser: async () => [4712] };
    expect(await findOurTor('/none', TORRC, processes)).toBeNull();
  });
});

describe('looking at real processes', () => {
  it('finds this one with its arguments, and none under a number that is free', async () => {
    const found = await systemProcesses.look(process.pid);
    expect(found?.parentPid).toBe(process.ppid);
    expect(found?.args.length).toBeGreaterThan(0);
    expect(await systemProcesses.look(2 ** 30)).toBeNull();
    expect(await systemProcesses.ofOurUser()).toContain(process.pid);
  });

  it('finds a Tor that runs with our torrc among them, where its pid file is lost', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rb-pid-'));
    const [program, torrc] = [join(folder, 'tor'), join(folder, 'torrc')];
    // A shell by that name: it takes -f, too, and its "torrc" waits until standard input ends.
    await copyFile(await realpath('/bin/sh'), program);
    await writeFile(torrc, 'read -r line\n');
    const child = spawn(program, ['-f', torrc], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(child, 'exit');
    await eventually(
      'it runs',
      async () => (await systemProcesses.look(child.pid ?? 0))?.executable === program,
      { timeoutMs: 5_000, everyMs: 5 },
    );
    const found = measuring('the pid file of Tor is lost: its Tor is found among the processes');
    expect((await findOurTor(join(folder, 'tor.pid'), torrc, systemProcesses))?.pid).toBe(child.pid);
    found();
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true });
  });

  it('takes no other process for Tor because of a pid file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rb-pid-'));
    await writeFile(join(folder, 'tor.pid'), `${String(process.pid)}\n`);
    expect(await findOurTor(join(folder, 'tor.pid'), TORRC, systemProcesses)).toBeNull();
    expect(await findOurTor(join(folder, 'none.pid'), TORRC, systemProcesses)).toBeNull();
    await rm(folder, { recursive: true });
  });
});
