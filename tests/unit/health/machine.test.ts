import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineConditions } from '@rustbalance/actors/health/conditions/machine.js';
import { peerClockConditions, ownClockError } from '@rustbalance/actors/health/conditions/peer-clocks.js';
import { isClockSane } from '@rustbalance/actors/health/conditions/clock.js';
import { examineDisks } from '@rustbalance/actors/health/examine/disk.js';
import { NOTHING_EXAMINED, startExaminer } from '@rustbalance/actors/health/examine/examiner.js';
import type { Examination, Examined } from '@rustbalance/actors/health/examine/examiner.js';
import { examineFiles, mendModes, watchedPaths } from '@rustbalance/actors/health/examine/files.js';
import { examineMemory, memoryExamination } from '@rustbalance/actors/health/examine/memory.js';
import { examineTimeSync } from '@rustbalance/actors/health/examine/time-sync.js';
import { NOTHING_OBSERVED } from '@rustbalance/actors/health/observed.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measured } from '../../support/measured.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { START_MS, configWith, peer } from './world.js';

const MIB = 1024 * 1024;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-machine-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const codes = (examined: Partial<Examined>, config = configWith()): readonly string[] =>
  machineConditions({ ...NOTHING_EXAMINED, ...examined }, config).map(({ error }) => error.code);

describe('a disk', () => {
  const disk = (freeMiB: number, totalMiB: number, freeFiles = 1000, totalFiles = 1000) => ({
    disks: [{ path: '/d', freeBytes: freeMiB * MIB, totalBytes: totalMiB * MIB, freeFiles, totalFiles }],
  });

  it.each([
    ['large, with 5 % left', disk(5000, 100_000), []],
    ['large, with little left', disk(400, 100_000), ['health.disk-low']],
    ['small and empty', disk(9, 10), []],
    ['small and nearly full', disk(0.9, 10), ['health.disk-low']],
    ['full', disk(0.1, 100_000), ['health.disk-full']],
    ['without inodes', disk(5000, 10_000, 5, 1000), ['health.disk-full']],
    ['of a kind that counts no inodes', disk(5000, 10_000, 0, 0), []],
  ])('%s', (_name, examined, expected) => {
    expect(codes(examined)).toEqual(expected);
  });

  it('is looked at where it is; a path that is not there is left out', async () => {
    const [facts, ...others] = await examineDisks([folder, join(folder, 'nowhere')]);
    expect(others).toEqual([]);
    expect(facts!.path).toBe(folder);
    expect(facts!.totalBytes).toBeGreaterThan(facts!.freeBytes);
    expect(facts!.freeBytes).toBeGreaterThan(0);
  });
});

describe('memory', () => {
  it.each([
    [0.5, []],
    [0.8, ['health.memory-high']],
    [0.96, ['health.memory-critical']],
  ])('at %d of the limit', (share, expected) => {
    expect(codes({ memory: { usedBytes: share * 512 * MIB, limitBytes: 512 * MIB } })).toEqual(expected);
  });

  const cgroup = async (path: string, files: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(join(folder, path), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, path, name), text);
  };
  const own = async (line: string): Promise<string> => {
    const path = join(folder, 'own');
    await writeFile(path, line);
    return path;
  };

  it('is measured against the nearest limit of the control group or of one above, without page cache', async () => {
    await cgroup('a/b', { 'memory.max': 'max\n', 'memory.current': '900\n', 'memory.stat': 'anon 1\n' });
    await cgroup('a', {
      'memory.max': '1000\n',
      'memory.current': '950\n',
      'memory.stat': 'active_file 5\ninactive_file 350\n',
    });
    expect(await examineMemory(folder, await own('0::/a/b\n'))).toEqual({ usedBytes: 600, limitBytes: 1000 });
  });

  it('is measured with the older control groups too, and not at all without a limit', async () => {
    await cgroup('memory/x', {
      'memory.limit_in_bytes': '2000\n',
      'memory.usage_in_bytes': '1500\n',
      'memory.stat': 'total_inactive_file 100\n',
    });
    expect(await examineMemory(folder, await own('4:memory:/x\n0::/\n'))).toEqual({
      usedBytes: 1400,
      limitBytes: 2000,
    });
    await cgroup('memory/x', { 'memory.limit_in_bytes': '9223372036854771712\n' });
    expect(await examineMemory(folder, await own('4:memory:/x\n0::/\n'))).toBeNull();
    expect(await examineMemory(folder, await own('nonsense'))).toBeNull();
  });
});

describe('memory that runs out', () => {
  it('is found by the next look, 15 s after the one before at the latest', async () => {
    await mkdir(join(folder, 'a'));
    const use = (bytes: number): Promise<void> =>
      writeFile(join(folder, 'a', 'memory.current'), String(bytes));
    await writeFile(join(folder, 'a', 'memory.max'), '1000\n');
    await writeFile(join(folder, 'own'), '0::/a\n');
    await use(500);
    const examination = memoryExamination(folder, join(folder, 'own'));
    let looking: ReturnType<Examination['look']> = Promise.resolve({});
    const look: Examination['look'] = (surroundings) => (looking = examination.look(surroundings));
    const found: (readonly string[])[] = [];
    const clock = new SimulatedClock(START_MS);
    const log = {
      error: () => undefined,
      warn: () => undefined,
      info: () => undefined,
      debug: () => undefined,
    };
    const examiner = startExaminer(
      { all: [{ ...examination, look }], mendModes: () => Promise.resolve() },
      { clock, log },
      () => ({ proxyListen: null }),
      (facts) => {
        found.push(codes(facts));
      },
    );
    const pass = async (ms: number): Promise<void> => {
      await clock.advance(ms);
      await looking;
      await clock.advance(0);
    };
    await pass(0);
    expect(found).toEqual([[]]);
    const lookedAtMs = clock.monotonicMs();
    await use(960);
    while (found.length < 2 && clock.monotonicMs() < 60_000) await pass(500);
    expect(found).toEqual([[], ['health.memory-critical']]);
    const tookMs = clock.monotonicMs() - lookedAtMs;
    measured('memory runs out right after a look: found (simulated clock)', tookMs / 1000);
    expect(tookMs).toBe(15_000);
    examiner.stop();
  });
});

describe('key files and directories', () => {
  const config = () =>
    configWith(`[tor]\ndata_dir = "${folder}/tor"\n[coordination]\ncluster_token_file = "${folder}/token"\n`);

  it('are watched: those of the configuration, but not what systemd keeps', () => {
    const paths = watchedPaths(config(), folder).map(({ path }) => path);
    expect(paths).not.toContain(join(folder, 'token'));
    expect(watchedPaths(config(), null).map(({ path }) => path)).toContain(join(folder, 'token'));
  });

  const services = [join('tor', 'instance'), join('tor', 'coordination')];
  const serviceFiles = (): readonly string[] =>
    services.flatMap((name) => [join(folder, name), join(folder, name, 'hs_ed25519_secret_key')]);
  const makeServices = async (): Promise<void> => {
    for (const name of services) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'hs_ed25519_secret_key'), '');
    }
  };
  const open = async (): Promise<void> => {
    for (const path of serviceFiles()) await chmod(path, 0o755);
  };

  it.each(['managed', 'system'])(
    'of both services are mended where they are ours, with a %s Tor',
    async (mode) => {
      await makeServices();
      const watched = watchedPaths({ ...config(), tor: { ...config().tor, mode: mode as 'managed' } }, null);
      await open();
      const faults = await examineFiles(watched);
      expect(faults.map(({ path, mendable }) => [path, mendable])).toEqual(
        serviceFiles().map((path) => [path, true]),
      );
      await mendModes(watched);
      expect(await examineFiles(watched)).toEqual([]);
      for (const path of serviceFiles()) expect((await stat(path)).mode & 0o077).toBe(0);
    },
  );

  it.runIf(process.geteuid?.() === 0)('of services are left to a Tor of another user', async () => {
    await makeServices();
    await open();
    for (const path of serviceFiles()) await chown(path, 65_534, 65_534);
    const watched = watchedPaths(config(), null);
    expect(await examineFiles(watched)).toEqual([]);
    await mendModes(watched);
    for (const path of serviceFiles()) expect((await stat(path)).mode & 0o777).toBe(0o755);
  });

  it('behind a link are judged by what it leads to, and left to whoever made the link', async () => {
    const target = join(folder, 'target');
    await writeFile(target, '', { mode: 0o600 });
    const path = join(folder, 'link');
    await symlink(target, path);
    const watched = [{ path, key: 'node.state_dir', forbidden: 0o077 }];
    expect(await examineFiles(watched)).toEqual([]);
    await chmod(target, 0o640);
    expect(await examineFiles(watched)).toMatchObject([{ path, mode: '0640', mendable: false }]);
  });

  it('that are open to others are found and mended; links are not followed', async () => {
    const secret = join(folder, 'secret');
    await writeFile(secret, '');
    await chmod(secret, 0o644);
    const target = join(folder, 'target');
    await writeFile(target, '');
    await chmod(target, 0o666);
    await symlink(target, join(folder, 'link'));
    const watched = [
      { path: secret, key: 'k', forbidden: 0o077 },
      { path: join(folder, 'link'), key: 'l', forbidden: 0o077 },
    ];
    const faults = await examineFiles(watched);
    expect(faults[0]).toEqual({
      path: secret,
      key: 'k',
      mode: '0644',
      mendable: true,
    });
    expect(codes({ files: faults.slice(0, 1) })).toEqual(['health.mode-too-open']);
    await mendModes(watched);
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
    expect((await stat(target)).mode & 0o777).toBe(0o666);
  });
});

describe('who keeps the clock', () => {
  const nobody = () => Promise.resolve(null);
  const says = (answers: Readonly<Record<string, string>>) => (command: string) =>
    Promise.resolve(answers[command] ?? null);

  it.each([
    ['nobody can say', nobody, 'unknown'],
    ['the kernel, by timedatectl', says({ timedatectl: 'yes\n' }), 'synchronised'],
    ['nobody, by timedatectl', says({ timedatectl: 'no\n' }), 'unsynchronised'],
    ['chrony', says({ timedatectl: 'no\n', chronyc: 'Leap status     : Normal\n' }), 'synchronised'],
    ['nobody, by chrony', says({ chronyc: 'Leap status     : Not synchronised\n' }), 'unsynchronised'],
  ])('%s', async (_name, run, state) => {
    expect(await examineTimeSync(run, join(folder, 'none'))).toMatchObject({ state });
  });

  it('is systemd-timesyncd where it left its mark', async () => {
    await writeFile(join(folder, 'mark'), '');
    expect((await examineTimeSync(nobody, join(folder, 'mark'))).state).toBe('synchronised');
  });

  it('is a finding, and with require_ntp_sync nothing is signed after a start until somebody does', () => {
    const required = configWith('[resilience]\nrequire_ntp_sync = true\n');
    const unsynchronised = { timeSync: { state: 'unsynchronised', source: 'chronyc' } } as const;
    const unknown = { timeSync: { state: 'unknown', source: 'nobody' } } as const;
    expect(codes(unsynchronised)).toEqual(['health.clock-unsynchronised']);
    expect(codes(unknown)).toEqual([]);
    expect(codes(unknown, required)).toEqual(['health.clock-unknown']);
    expect(isClockSane(NOTHING_OBSERVED, configWith(), START_MS)).toBe(true);
    expect(isClockSane(NOTHING_OBSERVED, required, START_MS)).toBe(false);
    expect(isClockSane({ ...NOTHING_OBSERVED, timeVouched: true }, required, START_MS)).toBe(true);
  });
});

describe("the clock against the peers' clocks", () => {
  const offsets = (...secs: readonly (number | null)[]) =>
    secs.map((clockOffsetSecs, index) => peer(`n${String(index)}`, { clockOffsetSecs }));
  const said = (...secs: readonly (number | null)[]) =>
    peerClockConditions(offsets(...secs)).map(({ error, weight }) => [
      error.code,
      error.where,
      error.detail['offsetSecs'],
      error.detail['direction'],
      weight ?? 'warn',
    ]);

  it.each([
    ['is right', [0.5, -1.9, null], []],
    ['of one peer is 2 s off', [2], [['health.peer-clock', 'peer n0', 2, 'ahead of', 'warn']]],
    ['of one peer is 4 s off', [-4.04], [['health.peer-clock-wrong', 'peer n0', 4, 'behind', 'critical']]],
    ['of one of three is off', [0, 3, 0.1], [['health.peer-clock', 'peer n1', 3, 'ahead of', 'warn']]],
    ['is ours when most agree', [3, 3.2, 0], [['health.own-clock', 'clock', 3.2, 'behind', 'warn']]],
    ['is far off when all agree', [-9, -9], [['health.own-clock-wrong', 'clock', 9, 'ahead of', 'critical']]],
    [
      'is nobody knows whose when they differ to both sides',
      [3, -3],
      [
        ['health.peer-clock', 'peer n0', 3, 'ahead of', 'warn'],
        ['health.peer-clock', 'peer n1', 3, 'behind', 'warn'],
      ],
    ],
  ])('%s', (_name, secs, expected) => {
    expect(said(...secs)).toEqual(expected);
  });

  it('that steps is known as ours before the peer that was measured first is accused', () => {
    const graces = (...secs: readonly number[]) =>
      peerClockConditions(offsets(...secs)).map(({ graceMs }) => graceMs);
    expect(graces(-9, 0, 0)).toEqual([3_000]);
    expect(graces(-9, -9, 0)).toEqual([0]);
  });

  it('a dead peer says nothing, and two are needed against us', () => {
    expect(ownClockError([peer('beta', { clockOffsetSecs: 50 })])).toBeNull();
    expect(peerClockConditions([peer('beta', { clockOffsetSecs: 50, lifecycle: 'dead' })])).toEqual([]);
  });

  it('signs nothing any more from a minute on that most peers see', () => {
    const at = (secs: number) =>
      isClockSane({ ...NOTHING_OBSERVED, peers: offsets(secs, secs) }, configWith(), 0);
    expect(at(59)).toBe(true);
    expect(at(61)).toBe(false);
    expect(at(-61)).toBe(false);
  });
});
