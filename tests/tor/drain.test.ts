import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { StatusJson } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { StockClient } from '../support/stock-client.js';
import { loadClient } from '../support/stock-client-load.js';
import type { LoadSample } from '../support/stock-client-load.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { startWarmClients, startWarmLoad } from '../support/warm-load.js';

/**
 * None of 17,292 in ten drains with the deadline of ten minutes (docs/figures.md). Here a drain has one: where the machine is so busy
 * that clients make no pauses in it, circuits in use are closed at its end, and a stream begun in that very moment fails.
 */
const MOST_FAILED = 0.001;

const hasBothTors = ({ tor }: StatusJson): boolean =>
  tor.state === 'up' && tor.redundancy?.other.state === 'up';

/** When the daemon wrote a line of its log, Unix ms. */
const loggedAtMs = (line: string): number => Date.parse(line.split(' ', 1)[0] ?? '');

/** A visit that found no free client says nothing of the service, which was never asked. */
const wasAsked = ({ error }: LoadSample): boolean => error?.stage !== 'load';

describe('a publisher with a Tor that stands by', () => {
  let network: TorNetwork;
  let cluster: Cluster;
  let clients: readonly StockClient[] = [];

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 12 });
    cluster = await startCluster({ network, nodes: 2, set: [...FAST_SETTINGS, 'tor.standby=true'] });
    await cluster.nodes[0]!.until(
      'both nodes are published',
      (s) => publishedNodes(s) === 'alpha,beta' && hasBothTors(s),
      90_000,
    );
    clients = await startWarmClients(network, 'client');
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    await cluster?.stop();
    await network?.stop();
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'publishes the other Tor’s points and keeps its lease when the one in use gets %s, and visitors go on',
    async (fault) => {
      const alpha = cluster.nodes[0]!;
      const before = await alpha.until('both Tors are there', hasBothTors, 60_000);
      expect(before.node.role).toBe('publisher');
      const inUse = before.tor.redundancy!.in_use;
      const samples: LoadSample[] = [];
      const ending = new AbortController();
      const load = loadClient({
        clients,
        address: cluster.address,
        mode: 'cold',
        everyMs: 200,
        durationMs: 120_000,
        fetch: { timeoutMs: 20_000 },
        signal: ending.signal,
        onSample: (sample) => samples.push(sample),
      });
      // What was published before, with the points of the Tor that was hurt, must not be taken for it. By the daemon's own
      // clock: what follows may be published before anybody who asks for its status sees the change.
      let takenOverMs = Number.POSITIVE_INFINITY;
      alpha.onLine((line) => {
        if (line.includes('the other Tor of this node takes over') && line.includes(`from=${inUse}`))
          takenOverMs = Math.min(takenOverMs, loggedAtMs(line));
      });
      const pid = await alpha.torPid(inUse);
      process.kill(pid!, fault);
      const roles = new Set<string>();
      await alpha.until(
        'the other Tor’s points stand in both descriptors',
        (s) => {
          roles.add(s.node.role);
          return (
            publishedNodes(s) === 'alpha,beta' &&
            s.descriptors.every(({ published_at: at }) => Date.parse(at ?? '') > takenOverMs)
          );
        },
        30_000,
      );
      const takenMs = Date.now();
      await eventually(
        'visits go on',
        () => samples.filter(({ ok, startMs }) => ok && startMs > takenMs).length >= 25 || null,
        { timeoutMs: 60_000 },
      );
      ending.abort();
      await load;
      expect([...roles]).toEqual(['publisher']);
      const later = samples.filter((sample) => sample.startMs > takenMs && wasAsked(sample));
      expect(later.filter(({ ok }) => !ok)).toEqual([]);
      await alpha.until('the Tor that was hurt is there again', hasBothTors, 60_000);
    },
  );

  it('is drained under fifty connections a second, and hardly a request in a thousand fails', async () => {
    const [alpha, beta] = cluster.nodes;
    const { samples, first, end } = await startWarmLoad(clients, cluster.address);
    expect(first).toEqual(new Set(['alpha', 'beta']));
    const answered = (): number => samples.filter(({ ok }) => ok).length;
    await eventually('the load runs', () => answered() >= 250, { timeoutMs: 30_000 });
    expect((await alpha!.command('drain', '--timeout', '60')).code).toBe(0);
    // It ends at the deadline at the latest, which the daemon keeps and we see a little later.
    await alpha!.until('drained', ({ node }) => node.draining === 'drained', 75_000);
    await beta!.until('knows it', ({ peers }) => peers[0]?.draining === 'drained', 10_000);
    const before = answered();
    expect(await alpha!.stop()).toBe(0);
    await eventually('the load goes on', () => answered() >= before + 250, { timeoutMs: 30_000 });
    await end();
    const asked = samples.filter(wasAsked);
    const failures = asked.filter(({ ok }) => !ok);
    expect(failures.length, JSON.stringify(failures.slice(0, 5))).toBeLessThanOrEqual(
      Math.ceil(asked.length * MOST_FAILED),
    );
  });
});
