import { describe, expect, it } from 'vitest';
import type { Lifecycle, PeerView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { hearsNobody, OutageWatch } from '@rustbalance/actors/tor/outage-watch.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const peer = (lifecycle: Lifecycle, lastSeenSecs: number | null = 0): PeerView => ({
  id: 'beta' as NodeId,
  lifecycle,
  role: 'standby',
  priority: 1,
  lastSeenSecs,
  transport: null,
  introPoints: 3,
  draining: 'no',
  clockOffsetSecs: null,
  roundTripMs: null,
});

/** How long an HSDir that says nothing is waited for. */
const FETCH_MS = 4_000;

class World {
  readonly clock = new SimulatedClock(0);
  readonly did: string[] = [];
  answers = true;
  enabled = 0;
  readonly watch: OutageWatch;

  constructor(isOurs = true) {
    const trigger = startLevelTrigger(this.clock, (now) => this.watch.step(now));
    this.watch = new OutageWatch({
      log: makeLogger(
        'tor',
        () => 0,
        () => undefined,
      ),
      ask: async () => {
        const { answers } = this;
        this.did.push('ask');
        if (!answers) await new Promise<void>((resolve) => this.clock.after(FETCH_MS, resolve));
        return answers;
      },
      withhold: () => this.did.push('withhold'),
      release: (anew) => this.did.push(anew ? 'release anew' : 'release'),
      network: isOurs
        ? {
            reconnect: async () => {
              this.did.push('reconnect');
            },
            enable: async () => {
              this.enabled++;
            },
          }
        : null,
      poke: () => trigger.poke(),
    });
    this.watch.begin();
    trigger.poke();
  }

  async told(...peers: readonly PeerView[]): Promise<void> {
    this.watch.peersTold(peers);
    await this.clock.advance(0);
  }

  /** An outage that Tor has been found to be part of. */
  async outage(): Promise<void> {
    this.answers = false;
    await this.told(peer('dead', 9), peer('unhealthy', 4));
    await this.clock.advance(FETCH_MS);
  }
}

describe('a node that hears nobody', () => {
  it('is one whose every known peer is silent, and knows some', () => {
    expect(hearsNobody([])).toBe(false);
    expect(hearsNobody([peer('joining', null)])).toBe(false);
    expect(hearsNobody([peer('dead'), peer('joining', null)])).toBe(true);
    expect(hearsNobody([peer('dead'), peer('initializing')])).toBe(false);
    expect(hearsNobody([peer('unhealthy'), peer('healthy')])).toBe(false);
  });
});

describe('when no other node is heard', () => {
  it('asks an HSDir, and does nothing while that answers: the others are gone, and this node serves on', async () => {
    const world = new World();
    await world.told(peer('dead', 9));
    await world.clock.advance(65_000);
    expect(world.did).toEqual(['ask', 'ask', 'ask']);
    await world.told(peer('healthy'));
    await world.clock.advance(60_000);
    expect(world.did).toEqual(['ask', 'ask', 'ask']);
  });

  it('sends no client to itself where none answers, and makes connections anew once a node is heard', async () => {
    const world = new World();
    await world.outage();
    expect(world.did).toEqual(['ask', 'withhold']);
    await world.clock.advance(10_000);
    await world.told(peer('dead', 40), peer('initializing'));
    expect(world.did).toEqual(['ask', 'withhold', 'reconnect', 'release anew']);
    await world.clock.advance(60_000);
    expect(world.did).toHaveLength(4);
  });

  it('makes them anew also where the others come back while it still asks', async () => {
    const world = new World();
    world.answers = false;
    await world.told(peer('dead', 9));
    await world.clock.advance(1_000);
    await world.told(peer('healthy'));
    await world.clock.advance(FETCH_MS);
    expect(world.did).toEqual(['ask', 'withhold', 'reconnect', 'release anew']);
  });

  it('leaves a Tor alone that answers again by itself', async () => {
    const world = new World();
    await world.outage();
    world.answers = true;
    await world.clock.advance(15_000);
    expect(world.did).toEqual(['ask', 'withhold', 'ask', 'release']);
    await world.told(peer('healthy'));
    expect(world.did).toHaveLength(4);
  });

  it("asks on where Tor is somebody else's, whose connections are theirs", async () => {
    const world = new World(false);
    await world.outage();
    await world.told(peer('healthy'));
    await world.clock.advance(20_000);
    expect(world.did.slice(0, 3)).toEqual(['ask', 'withhold', 'ask']);
    world.answers = true;
    await world.clock.advance(20_000);
    expect(world.did.at(-1)).toBe('release');
  });

  it('finds a Tor of ours that may make no connections, once for each connection to it', async () => {
    const [ours, theirs] = [new World(), new World(false)];
    for (const { clock } of [ours, theirs]) await clock.advance(60_000);
    expect([ours.enabled, theirs.enabled]).toEqual([1, 0]);
    ours.watch.begin();
    await ours.told(peer('dead', 9));
    expect(ours.enabled).toBe(2);
  });

  it('knows nothing of the Tor after the one that it asked', async () => {
    const world = new World();
    await world.outage();
    world.watch.end();
    expect(world.did).toEqual(['ask', 'withhold', 'release']);
    world.answers = true;
    world.watch.begin();
    await world.told(peer('healthy'));
    await world.clock.advance(60_000);
    expect(world.did.filter((one) => one === 'reconnect')).toEqual([]);
  });
});
