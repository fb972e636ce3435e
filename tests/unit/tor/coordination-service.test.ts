import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import { run } from '@rustbalance/crypto-worker/pool.js';
import type { ActorContext } from '@rustbalance/actors/kernel/actor.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { Coordination } from '@rustbalance/actors/tor/coordination-service.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { testConfig } from '../../support/tor-actor-context.js';

const crypto = (async (task: string, input: unknown) =>
  run({ task, input } as Parameters<typeof run>[0])) as ActorContext<'tor'>['crypto'];

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-coordination-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const made = (mayConfigure: boolean): Promise<Coordination> =>
  Coordination.make({
    config: testConfig({
      node: { hidden_service_dir: join(folder, 'instance'), state_dir: folder, run_dir: folder },
      tor: { mode: 'system', configure_service: mayConfigure },
    }),
    secrets: {
      masterKey: null,
      nodeKey: new Secret(new Uint8Array(32).fill(1)),
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
    },
    crypto,
    random: systemRandom,
    clock: new SimulatedClock(0),
    publish: () => undefined,
  });

const want = (coordination: Coordination, ...fills: number[]): void => {
  coordination.want({
    datagramTarget: 'unix:/d',
    joinTarget: 'unix:/j',
    clients: fills.map((fill) => ({
      name: `client-${String(fill)}`,
      publicKey: curve25519PublicKey(new Uint8Array(32).fill(fill) as Curve25519SecretKey),
    })),
  });
};
/** How often the files changed since Tor read them. */
const unread = async (coordination: Coordination): Promise<number> => {
  const plan = await coordination.prepare();
  if (plan.kind !== 'served') throw new Error(plan.kind);
  return plan.unread;
};

describe('the files of the coordination service, on a Tor that we may not have read them', () => {
  it('count as unread after each change, and after no start or connection that changes nothing', async () => {
    const coordination = await made(false);
    coordination.begin(4711);
    want(coordination, 1);
    expect(await unread(coordination)).toBe(1);
    want(coordination, 1, 2);
    expect(await unread(coordination)).toBe(2);
    expect(await unread(coordination)).toBe(2);
    coordination.reloaded();
    expect(await unread(coordination)).toBe(0);
    coordination.begin(4711);
    expect(await unread(coordination)).toBe(0);
    const afterStart = await made(false);
    afterStart.begin(4711);
    want(afterStart, 1, 2);
    expect(await unread(afterStart)).toBe(0);
    want(afterStart, 2);
    expect(await unread(afterStart)).toBe(1);
  });

  it('stay unread over a connection that alone was lost, and are read by a Tor that was started anew', async () => {
    const coordination = await made(false);
    coordination.begin(4711);
    want(coordination, 1);
    expect(await unread(coordination)).toBe(1);
    coordination.end();
    coordination.begin(4711);
    expect(await unread(coordination)).toBe(1);
    coordination.end();
    coordination.begin(4712);
    expect(await unread(coordination)).toBe(0);
  });
});

describe('the files of the coordination service, on a Tor that we may configure', () => {
  it('are read again at every connection, and by a reload of somebody else they count as unread still', async () => {
    const coordination = await made(true);
    coordination.begin(4711);
    want(coordination, 1);
    expect(await unread(coordination)).toBeGreaterThan(0);
    coordination.reloaded();
    expect(await unread(coordination)).toBeGreaterThan(0);
    coordination.wasRead();
    expect(await unread(coordination)).toBe(0);
    coordination.begin(4711);
    expect(await unread(coordination)).toBe(1);
  });
});
