import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { fetchFromHsDir, hsdirIndexes } from '../support/hsdir-view.js';
import { startSampleTarget, type SampleTarget } from '../support/sample-target.js';
import { loadClient } from '../support/stock-client-load.js';
import { summary } from '../support/stock-client-summary.js';
import { startStockClient, type StockClient } from '../support/stock-client.js';
import { startTorNetwork, type TorNetwork } from '../support/tor-network/network.js';
import { startPlainOnionService, type PlainOnionService } from '../support/tor-network/onion-service.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';
import { nextRotation, phaseOf, waitForPhase } from '../support/tor-network/phase.js';
import { findTorPrograms } from '../support/tor-network/tor-programs.js';

// Generous: continuous integration shares two processors.
const PATIENCE = { timeoutMs: 60_000, everyMs: 200 };

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a private Tor network', () => {
  let network: TorNetwork;
  let target: SampleTarget;
  let service: PlainOnionService;
  let client: StockClient;

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 7, consensusParams: SELECTIVE_RINGS });
    target = await startSampleTarget({ name: 'alpha' });
    [service, client] = await Promise.all([
      startPlainOnionService(network, { target: `127.0.0.1:${String(target.port)}` }),
      startStockClient(network),
    ]);
  });

  afterAll(async () => {
    await target.close();
    await network.stop();
  });

  it('has every relay as HSDir and both shared random values in its first complete consensus', async () => {
    const consensus = await network.consensus();
    expect(consensus.relays).toHaveLength(10);
    expect(consensus.relays.every((relay) => relay.flags.includes('HSDir'))).toBe(true);
    expect(consensus.params).toMatchObject(SELECTIVE_RINGS);
    expect(consensus.sharedRandomCurrent).toBeDefined();
    expect(consensus.sharedRandomPrevious).toBeDefined();
    // The first consensus may lie off the grid of its voting interval, and then is fresh for a part of one alone.
    const phase = await waitForPhase(
      'a regular consensus',
      () => network.consensus(),
      ({ validAfterSecs }) => validAfterSecs % network.votingIntervalSecs === 0,
      PATIENCE,
    );
    expect(phase).toMatchObject({ votingIntervalSecs: 10, timePeriodLengthSecs: 240, runLengthSecs: 240 });
    expect(nextRotation(phase, 'time-period') - phase.validAfterSecs).toBeGreaterThan(0);
    expect(nextRotation(phase, 'shared-random') - phase.validAfterSecs).toBeLessThanOrEqual(240);
  });

  it('goes on to the next consensus by itself', async () => {
    const { validAfterSecs } = await network.consensus();
    const phase = await waitForPhase(
      'the next consensus',
      () => network.consensus(),
      (seen) => seen.validAfterSecs > validAfterSecs,
      PATIENCE,
    );
    // The first consensus of a network may lie off the grid of its voting interval; those after it do not.
    expect(phase.validAfterSecs % network.votingIntervalSecs).toBe(0);
  });

  it('lets a stock client fetch a page, cold and warm', async () => {
    const cold = await client.fetch(service.address);
    expect(cold).toMatchObject({ ok: true, status: 200, node: 'alpha', error: undefined });
    expect(await client.cachedDescriptor(service.address)).toContain('hs-descriptor 3');
    const before = target.requests();
    const warm = await client.fetch(service.address, { path: '/body?bytes=300000', keepBody: false });
    expect(warm).toMatchObject({ ok: true, bytes: 300_000 });
    expect(target.requests()).toBe(before + 1);
  });

  it('forgets a descriptor on demand, at once, and fetches it again', async () => {
    await client.fetch(service.address);
    await client.dropDescriptor(service.address);
    expect(await client.cachedDescriptor(service.address)).toBeUndefined();
    expect((await client.fetch(service.address)).ok).toBe(true);
    expect(await client.cachedDescriptor(service.address)).toBeDefined();
  });

  it('forgets everything at NEWNYM', async () => {
    await client.fetch(service.address);
    await client.newnym();
    expect(await client.cachedDescriptor(service.address)).toBeUndefined();
  });

  it("says what is wrong where a fetch fails: Tor's own code, or our patience", async () => {
    const closed = await client.fetch(service.address, { port: 81 });
    expect(closed).toMatchObject({ ok: false, error: { stage: 'socks', socksReply: 5 } });
    const slow = await client.fetch(service.address, { path: '/slow?ms=60000', timeoutMs: 1500 });
    expect(slow).toMatchObject({ ok: false, error: { stage: 'timeout' } });
    const failing = await client.fetch(service.address, { path: '/status?code=503' });
    expect(failing).toMatchObject({ ok: false, status: 503, error: undefined });
  });

  it('shows what each HSDir holds: with selective rings a descriptor is on two of them and no other', async () => {
    const fingerprints = [...network.authorities, ...network.relays].map((relay) => relay.fingerprint);
    const holders = await eventually(
      'the descriptor is on two HSDirs',
      async () => {
        const found: string[] = [];
        for (const fingerprint of fingerprints) {
          const answer = await fetchFromHsDir(client, service.address, fingerprint);
          if (answer.found) found.push(answer.text);
        }
        return found.length === 2 && found;
      },
      PATIENCE,
    );
    for (const text of holders) expect(text).toMatch(/^hs-descriptor 3\n[\s\S]*\nsignature /);
  });

  it('gives the place of every HSDir on the ring as Tor computes it', async () => {
    const fingerprints = network.relays.map((relay) => relay.fingerprint);
    const indexes = await hsdirIndexes(client, service.address, fingerprints);
    expect(indexes.map(({ fingerprint }) => fingerprint)).toEqual(fingerprints);
    expect(new Set(indexes.map(({ index }) => index)).size).toBe(fingerprints.length);
  });

  it('measures a load of cold visits', async () => {
    // One client makes one visit at a time. They take 0.3 s, or seconds at a rotation and on a loaded machine; one that
    // finds no free client for 10 s would count as failed.
    const samples = await loadClient({
      clients: [client],
      address: service.address,
      mode: 'cold',
      everyMs: 1_500,
      durationMs: 15_000,
    });
    const figures = summary(samples, 60_000);
    expect(figures.n).toBe(10);
    expect(figures).toMatchObject({ successRatio: 1, share: { alpha: 1 }, errors: {} });
  });

  it('stays reachable when a relay that serves an introduction point is killed, and takes it back', async () => {
    const serving = await eventually(
      'a relay other than an authority serves an introduction point',
      async () => {
        const fingerprints = await service.introductionRelays();
        return network.relays.find((relay) => fingerprints.includes(relay.fingerprint));
      },
      PATIENCE,
    );
    await serving.kill('SIGKILL');
    expect(serving.isRunning).toBe(false);
    await eventually(
      'the service has left the dead relay',
      async () => !(await service.introductionRelays()).includes(serving.fingerprint),
      PATIENCE,
    );
    // A visitor who meets a dead relay on the way (guard, HSDir, introduction point) tries again.
    const visit = async (): Promise<boolean> => {
      await client.dropDescriptor(service.address);
      return (await client.fetch(service.address, { timeoutMs: 15_000 })).ok;
    };
    await eventually('a page is fetched', visit, { timeoutMs: 120_000, everyMs: 500 });
    await serving.restart();
    await serving.bootstrapped(PATIENCE.timeoutMs);
    expect(isAlive(serving.pid)).toBe(true);
  });

  it('reports a Tor that ends at once with the last lines of its log', async () => {
    const started = network.spawnTor({ name: 'misled', torrc: ['NoSuchOption 1'] });
    await expect(started).rejects.toThrow(
      /tor "misled" ended with exit code 1[\s\S]*Unknown option 'NoSuchOption'/,
    );
  });
});

describe('a private Tor network with production behaviour', () => {
  it('carries ordinary Tors, whose time periods last a day, from its first consensus on', async () => {
    const network = await startTorNetwork({ relays: 4, behaviour: 'production' });
    const target = await startSampleTarget({ name: 'beta' });
    try {
      expect(network.commonTorrc.join('\n')).not.toContain('TestingTorNetwork');
      const phase = phaseOf(await network.consensus(), 'production');
      expect(phase).toMatchObject({
        votingIntervalSecs: 300,
        timePeriodLengthSecs: 86_400,
        runLengthSecs: 7200,
      });
      const [service, client] = await Promise.all([
        startPlainOnionService(network, { target: `127.0.0.1:${String(target.port)}` }),
        startStockClient(network),
      ]);
      expect(await client.fetch(service.address)).toMatchObject({ ok: true, node: 'beta' });
    } finally {
      await target.close();
      await network.stop();
    }
  });
});

describe('the end of a private Tor network', () => {
  it('leaves no process and no folder, not even where a relay was stopped with SIGSTOP', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'rb-end-'));
    const network = await startTorNetwork({ dir: join(parent, 'net'), authorities: 1, relays: 1 });
    const pids = network.pids();
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    await network.relays[0]?.kill('SIGSTOP');
    await network.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    await rm(parent, { recursive: false }).catch(() => undefined);
    await expect(mkdtemp(join(parent, 'net', 'x'))).rejects.toThrow();
    await rm(parent, { recursive: true, force: true });
  });
});

describe('a machine without Tor', () => {
  it('is told which package is missing', async () => {
    await expect(findTorPrograms('/nowhere')).rejects.toThrow(/tor is not installed.*apt-get install tor/);
  });
});
