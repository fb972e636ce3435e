import { join } from 'node:path';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { loopbackWorld } from './machines.js';
import type { Transport, World } from './machines.js';
import type { Narrator } from './narrator.js';
import type { Stage } from './stage.js';
import { noTunnels, tunnelWorld } from './tunnel-world.js';

export const setUpNetwork = (stage: Stage, world: World, tell: Narrator): Promise<TorNetwork> => {
  tell.step('Starting a private Tor network: 3 directory authorities, 12 relays');
  return stage.start(() =>
    startTorNetwork({
      dir: join(stage.dir, 'net'),
      signal: stage.signal,
      relays: 12,
      consensusParams: { hsdir_spread_store: 2 },
      ...(world.place === undefined ? {} : { place: world.place }),
      log: (line) => {
        tell.say(line);
      },
    }),
  );
};

/** WireGuard where it can be had, unless the other is asked for; says why it cannot. */
export const setUpWorld = async (stage: Stage, wanted: Transport | null, tell: Narrator): Promise<World> => {
  const obstacle = wanted === 'direct' ? 'it is asked for' : await noTunnels();
  if (wanted === 'wireguard' && obstacle !== null) throw new Error(`no WireGuard here: ${obstacle}`);
  const world = await stage.start(obstacle === null ? tunnelWorld : () => Promise.resolve(loopbackWorld()));
  tell.step(`How the nodes meet: ${world.description}`);
  if (obstacle !== null) tell.say(`not by WireGuard, because ${obstacle}`);
  return world;
};
