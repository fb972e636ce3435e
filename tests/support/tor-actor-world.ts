import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { pointKey } from '@rustbalance/actors/tor/intro-point-view.js';
import { relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import type { OwnIntroductionPoints } from '@rustbalance/actors/tor/messages.js';
import { eventually } from './eventually.js';
import { testConfig, type TorActorHarness } from './tor-actor-context.js';
import { connectControl, type ControlConnection } from './tor-network/control-connection.js';
import type { TorNetwork } from './tor-network/network-types.js';

/** An address whose key nobody of the test needs. */
export const SOME_MASTER = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid' as OnionAddress;

/** A folder for one node, short enough for its sockets. */
export const nodeFolder = (): Promise<string> => mkdtemp('/tmp/rb-node-');

export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** A node with a managed Tor in a private network. */
export const managedConfig = (
  network: Pick<TorNetwork, 'commonTorrc' | 'programs'>,
  folder: string,
  master: OnionAddress = SOME_MASTER,
  extra: readonly string[] = [],
): Config =>
  testConfig({
    node: { state_dir: join(folder, 's'), run_dir: join(folder, 'r') },
    master: { onion_address: `${master}.onion` },
    tor: { binary: network.programs.tor, extra_torrc: [...network.commonTorrc, ...extra] },
  });

/** A control connection of the test's own to the Tor of a managed node. */
export const controlOf = (config: Config): Promise<ControlConnection> => {
  const paths = nodePaths(config);
  return connectControl(paths.torControlSocket, join(paths.torDataDir, 'control_auth_cookie'));
};

export const ownPoints = (node: TorActorHarness): OwnIntroductionPoints | undefined =>
  node.fact('tor.introduction-points');

export const keysOf = (points: OwnIntroductionPoints | undefined): string[] =>
  (points?.points ?? []).map(pointKey).sort();

/** Waits until three points are the fact, none of them one of `before`. */
export const threePoints = (
  node: TorActorHarness,
  before: readonly string[] = [],
  timeoutMs = 60_000,
): Promise<OwnIntroductionPoints> =>
  eventually(
    'three introduction points are published',
    () => {
      const own = ownPoints(node);
      const keys = keysOf(own);
      return keys.length === 3 && !keys.some((key) => before.includes(key)) ? own : null;
    },
    { timeoutMs, everyMs: 10 },
  );

/** Relays at the end of established introduction circuits, as Tor lists them to the test itself. */
export const liveRelays = async (control: ControlConnection): Promise<Set<RelayFingerprint>> => {
  const lines = (await control.getInfo('circuit-status')).split('\n');
  const established = lines.filter((line) =>
    /PURPOSE=HS_SERVICE_INTRO\b.*HS_STATE=HSSI_ESTABLISHED/.test(line),
  );
  return new Set(
    established.flatMap((line) => {
      const last = line.split(' ')[2]?.split(',').at(-1);
      const fingerprint = /^\$([0-9A-F]{40})/.exec(last ?? '')?.[1];
      return fingerprint === undefined ? [] : [fingerprint as RelayFingerprint];
    }),
  );
};

/** Points of the fact whose relay has no established circuit. */
export const deadPoints = (own: OwnIntroductionPoints, live: ReadonlySet<RelayFingerprint>): string[] =>
  own.points.filter((point) => !live.has(relayOf(point) ?? ('' as RelayFingerprint))).map(pointKey);
