import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extendedReply } from '@rustbalance/actors/health/canary/extended-reply.js';
import { NO_ANSWER } from '@rustbalance/actors/publisher/slot.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAlertReceiver } from '../support/alert-receiver.js';
import type { AlertReceiver } from '../support/alert-receiver.js';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import {
  countersAtRest,
  holderOf,
  isPublishedAnew,
  sparedHsDir,
  spendIntroductionPoint,
  takenBy,
} from '../support/cluster/hsdir-faults.js';
import { rustbalanceJson } from '../support/cluster/program.js';
import { publishedNodes } from '../support/cluster/status.js';
import { introductionRelays, knownToNode } from '../support/cluster/tor-of-node.js';
import { eventually } from '../support/eventually.js';
import { fetchFromHsDir } from '../support/hsdir-view.js';
import { measuring } from '../support/measured.js';
import { startSampleTarget } from '../support/sample-target.js';
import type { SampleTarget } from '../support/sample-target.js';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { knownTo, untilCalm } from '../support/tor-network/calm.js';
import { freePorts } from '../support/tor-network/free-ports.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { startPlainOnionService } from '../support/tor-network/onion-service.js';
import type { PlainOnionService } from '../support/tor-network/onion-service.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';

/** With one HSDir a replica (rend-spec-v3 §2.2.3), so many hold each descriptor. */
const REPLICAS = 2;

/** What `rustbalance debug descriptor` says of the introduction points. */
interface Descriptor {
  readonly intro_points: readonly { readonly relay: string }[];
}

/** A secret as anybody might print it. */
const spellings = (secret: Buffer): string[] => [
  secret.toString('hex'),
  secret.toString('hex').toUpperCase(),
  secret.toString('base64').replace(/=+$/, ''),
  secret.toString('base64url'),
];

/** A key file's secret in 32-byte parts: whoever prints the half of a key has printed too much. */
const halves = (secret: Buffer): Buffer[] =>
  secret.length < 64 ? [secret] : [secret.subarray(0, 32), secret.subarray(32, 64)];

describe('two daemons at the most verbose level, whose target is another onion service', () => {
  let network: TorNetwork;
  let cluster: Cluster;
  let hidden: SampleTarget;
  let service: PlainOnionService;
  let receiver: AlertReceiver;
  let webhook: PlainOnionService;
  let told = (): void => undefined;
  /** Those of before the publisher was killed. */
  let earlierAlerts = 0;
  let visitor: StockClient;

  /** Waits until no rotation of whoever is at this can come for so long. */
  const calm = (secs: number): Promise<void> =>
    untilCalm({ network, knowledge: [...cluster.nodes.map(knownToNode), knownTo(visitor.tor)], secs });

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 20, consensusParams: SELECTIVE_RINGS });
    // It ends and comes back at the same port, which no connection of anybody may take meanwhile.
    const [port = 0] = await freePorts(1);
    hidden = await startSampleTarget({ name: 'hidden', port });
    receiver = await startAlertReceiver();
    [service, webhook] = await Promise.all([
      startPlainOnionService(network, { target: `127.0.0.1:${String(hidden.port)}` }),
      startPlainOnionService(network, { name: 'webhook', target: `127.0.0.1:${String(receiver.port)}` }),
    ]);
    cluster = await startCluster({
      network,
      nodes: 2,
      set: [
        ...FAST_SETTINGS,
        'log.level=debug',
        'canary.enabled=true',
        'canary.interval_secs=2',
        'canary.timeout_secs=20',
        'alerts.after_secs=1',
        // A machine that stood still for some seconds has been told of as a dead peer already.
        'alerts.repeat_secs=20',
        `alerts.webhook=http://${webhook.address}/alert`,
      ],
      target: `http://${service.address}`,
    });
    visitor = await startStockClient(network, { name: 'visitor' });
    await cluster.nodes[0]!.until(
      'both nodes are published',
      (s) => publishedNodes(s) === 'alpha,beta',
      90_000,
    );
  });

  afterAll(async () => {
    await cluster?.stop();
    await service?.stop();
    await webhook?.stop();
    await receiver?.close();
    await hidden?.close();
    await network?.stop();
  });

  it('bring a visitor to it, all the way through Tor twice', async () => {
    const page = await eventually(
      'the page comes',
      async () => {
        const fetched = await visitor.fetch(cluster.address, { timeoutMs: 20_000 });
        return fetched.ok ? fetched : null;
      },
      { timeoutMs: 60_000 },
    );
    expect(page.node).toBe('hidden');
  });

  it('visit their own address all the way, and learn which node answered', async () => {
    for (const node of cluster.nodes) {
      const { canary } = await node.until('its canary is well', (s) => s.canary?.state === 'well', 60_000);
      expect(canary).toMatchObject({ failures: 0, node: expect.stringMatching(/^(alpha|beta)$/) });
    }
  });

  it('find out that it breaks at the target when that is gone, and that it is whole again', async () => {
    const { port } = hidden;
    await hidden.close();
    const told = measuring('the target is gone (canary every 2 s, three failures): the canary says so');
    const node = cluster.nodes[0]!;
    // A visit that a rotation met may have failed elsewhere, as one of the three or as the last.
    const found = await node.until(
      'three visits have failed, at the target in the end',
      (s) =>
        s.findings.some(({ error }) => error.code === 'health.canary-failed') && s.canary?.step === 'target',
      90_000,
    );
    told();
    expect(found.canary).toMatchObject({ state: 'failing', step: 'target' });
    hidden = await startSampleTarget({ name: 'hidden', port });
    const well = measuring('the target is back: the canary says so');
    await node.until(
      'its canary is well',
      (s) =>
        s.canary?.state === 'well' && s.findings.every(({ error }) => error.code !== 'health.canary-failed'),
      90_000,
    );
    well();
  });

  it('have a SOCKS port that tells why an address cannot be reached', async () => {
    const path = join(cluster.nodes[0]!.options.dir, 'run', 'tor-diagnosis.sock');
    const nobody = encodeOnionAddress(generateIdentity(new Uint8Array(32).fill(9)).publicKey);
    const way = { socks: { kind: 'unix', path } as const, host: `${nobody}.onion`, port: 80 };
    const meaning = await extendedReply(
      { ...way, isolation: 'nobody', timeoutMs: 61_000 },
      AbortSignal.timeout(60_000),
    );
    expect(meaning).toEqual({ step: 'descriptor', reason: 'no HSDir has it' });
  });

  it('give the descriptor again to an HSDir that has lost it', async () => {
    const publisher = cluster.nodes[0]!;
    const hsdir = await holderOf(network, cluster, publisher, visitor);
    const taken = await takenBy(hsdir, publisher);
    const given = measuring('an HSDir has lost the descriptor (asked every 30 s): it holds it again');
    await hsdir.restart();
    // Tor keeps what an HSDir holds in memory alone: whatever this process holds, it was given.
    await eventually(
      'it holds it again',
      async () => (await fetchFromHsDir(visitor, cluster.address, hsdir.fingerprint, 5_000)).found,
      { timeoutMs: 90_000, everyMs: 250 },
    );
    given();
    await eventually(
      'the publisher knows that it has given it',
      async () => (await takenBy(hsdir, publisher)) > taken,
      { timeoutMs: 60_000 },
    );
  });

  it('publish anew when the circuit of an introduction point closes', async () => {
    const [publisher, other] = cluster.nodes;
    await calm(30);
    const before = await countersAtRest(cluster.nodes);
    // Each close is an emergency, of which so many are published within a minute (actors/publisher/pace.ts).
    const patience = { timeoutMs: 90_000 };
    const isAnew = async (): Promise<boolean> => isPublishedAnew(await publisher!.status(), before);
    const out = measuring('an introduction circuit closes: another descriptor on every HSDir');
    await Promise.all([
      spendIntroductionPoint(other!),
      eventually('both are published anew', isAnew, patience).then(out),
    ]);
    await eventually('so are they with what Tor has in its place', isAnew, patience);
  });

  it('publish to the other HSDirs while one answers nothing, and to that one when it answers again', async () => {
    const [publisher, other] = cluster.nodes;
    const hsdir = await sparedHsDir(network, cluster.nodes);
    await calm(30);
    const before = await countersAtRest(cluster.nodes);
    const silent = new Set([hsdir.fingerprint]);
    // An upload whose circuit goes by the silent relay hangs, too, whatever its HSDir: for 30 s at most, then it is repeated.
    const patience = { timeoutMs: 120_000 };
    await hsdir.kill('SIGSTOP');
    try {
      const others = measuring('an HSDir answers nothing: a new descriptor on all others');
      await Promise.all([
        // What all others get now and keep is not what the silent one holds.
        spendIntroductionPoint(other!, hsdir.fingerprint),
        eventually(
          'all others have a new descriptor',
          async () => isPublishedAnew(await publisher!.status(), before, silent),
          patience,
        ).then(others),
      ]);
      await eventually(
        'its silence counts as a failure, and all others have what stands',
        async () => {
          const status = await publisher!.status();
          const rows = status.descriptors.flatMap(({ hsdirs }) => hsdirs);
          return (
            isPublishedAnew(status, before, silent) &&
            rows.some(({ fingerprint, reason }) => silent.has(fingerprint) && reason === NO_ANSWER)
          );
        },
        patience,
      );
    } finally {
      await hsdir.kill('SIGCONT');
    }
    const all = measuring('an HSDir answers again: it has the new descriptor');
    await eventually('all have it', async () => isPublishedAnew(await publisher!.status(), before), patience);
    all();
  });

  it('leave no introduction point of a killed publisher on any HSDir', async () => {
    const [publisher, survivor] = cluster.nodes;
    await calm(45);
    earlierAlerts = receiver.alerts.length;
    await publisher!.killHard();
    told = measuring('a peer is killed (alerts.after_secs=1): the alert has come to a webhook, through Tor');
    const alone = measuring(
      'the publisher of two nodes is killed, fast settings: the survivor publishes without it',
    );
    const { descriptors } = await survivor!.until(
      'publishes alone',
      (s) => s.node.role === 'publisher' && publishedNodes(s) === 'beta',
      // An upload without an answer is repeated after 30 s.
      60_000,
    );
    alone();
    const hsdirs = descriptors.flatMap((one) => one.hsdirs).map(({ fingerprint }) => fingerprint);
    const own = new Set<string>();
    const texts: string[] = [];
    const noteOwn = async (): Promise<void> => {
      for (const relay of await introductionRelays(survivor!)) own.add(relay);
    };
    const holds = async (fingerprint: string): Promise<boolean> => {
      const answer = await fetchFromHsDir(visitor, cluster.address, fingerprint);
      if (answer.found) texts.push(answer.text);
      return answer.found;
    };
    // HSDirs of the other descriptor are asked for the blinded key of the clients' one, too, and have nothing. One that gives
    // no answer is asked again, and whatever any of them has shown counts.
    await eventually(
      'every HSDir has said what it holds',
      async () => {
        await noteOwn();
        const held = await Promise.all([...new Set(hsdirs)].map(holds));
        await noteOwn();
        return held.filter(Boolean).length >= REPLICAS;
      },
      { timeoutMs: 60_000 },
    );
    for (const [i, text] of texts.entries()) {
      const file = join(cluster.dir, `descriptor-${String(i)}`);
      await writeFile(file, text);
      const minutes = ['--period-length', '4', '--voting-interval', String(network.votingIntervalSecs)];
      const args = ['debug', 'descriptor', file, '--address', cluster.address, ...minutes];
      const { intro_points: points } = (await rustbalanceJson(args)) as Descriptor;
      expect(points.length).toBeGreaterThan(0);
      expect([...own]).toEqual(expect.arrayContaining(points.map(({ relay }) => relay)));
    }
  });

  it('tell of that by a webhook, through Tor, without an address of an onion service', async () => {
    const alert = await eventually(
      'the alert comes',
      () =>
        receiver.alerts
          .slice(earlierAlerts)
          .find(
            ({ code, event, node }) => code === 'health.peer-dead' && event === 'problem' && node === 'beta',
          ),
      // A first try may take all of its minute, and the second comes half a minute later.
      { timeoutMs: 150_000 },
    );
    told();
    expect(alert).toMatchObject({ node: 'beta', where: 'peer alpha' });
    expect(JSON.stringify(receiver.alerts)).not.toMatch(/[a-z2-7]{56}/);
  });

  it('print no secret, in any spelling, to the log, to status or to inspect', async () => {
    const survivor = cluster.nodes[1]!;
    const printed = [
      ...cluster.nodes.flatMap(({ log }) => log),
      JSON.stringify(await survivor.status()),
      JSON.stringify(await survivor.inspect()),
    ].join('\n');
    expect(printed).toContain('debug');
    for (const { identity, clusterTokenFile, options } of cluster.nodes) {
      const master = (await readFile(identity.master_key_path)).subarray(32);
      const node = Buffer.from(await readFile(join(options.dir, 'etc', 'node.key'), 'latin1'), 'base64');
      const token = (await readFile(clusterTokenFile, 'latin1')).trim();
      const secrets = [...halves(master), node].flatMap(spellings).concat(token, master.toString('base64'));
      for (const secret of secrets) expect(printed.includes(secret), secret.slice(0, 4)).toBe(false);
    }
  });
});
