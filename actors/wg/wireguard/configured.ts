import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { ActorContext } from '../../kernel/actor.js';
import { clusterSecret } from '../../kernel/cluster-keys.js';
import { rbError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/redact.js';
import type { Agreements } from '../agreements.js';
import type { TransportEvents } from '../transport.js';
import type { OpenUdp } from '../udp-socket.js';
import { Commands, hostCommands } from './commands.js';
import type { RunCommand } from './commands.js';
import { TunnelDevice } from './device.js';
import { procProcesses } from './leftover-processes.js';
import type { OtherProcesses } from './leftover-processes.js';
import { WireguardTransport } from './transport.js';
import { UserspaceWireguard } from './userspace.js';
import { tunnelWanted } from './wanted.js';

/** What tunnels touch of the system. */
export interface TunnelEffects {
  readonly commands: (context: Pick<ActorContext<'wg'>, 'request'>) => RunCommand;
  /** Becomes wireguard-go. */
  readonly userspaceCommand: readonly [string, ...string[]];
  /** Where wireguard-go puts its sockets. */
  readonly socketDir: string;
  readonly others: OtherProcesses;
}

export const systemTunnels: TunnelEffects = {
  commands: hostCommands,
  userspaceCommand: ['wireguard-go'],
  socketDir: '/var/run/wireguard',
  others: procProcesses,
};

const needed = (secret: Secret | null, key: string): Secret => {
  if (secret === null) throw rbError('wireguard.secret-missing', key, { key });
  return secret;
};

/**
 * The transport through tunnels, as the configuration describes it.
 *
 * @throws RbError wireguard.secret-missing
 */
export const wireguardTransport = (
  context: ActorContext<'wg'>,
  events: TransportEvents,
  openUdp: OpenUdp,
  effects: TunnelEffects,
  agreements: Agreements,
): WireguardTransport => {
  const { config, secrets, clock, random, log } = context;
  const nodeSeed = needed(secrets.nodeKey, 'node.key_path').reveal() as Ed25519Seed;
  const token = needed(secrets.clusterToken, 'coordination.cluster_token_file').reveal();
  const privateKey = needed(secrets.wireguardKey, 'wireguard.private_key_path');
  const wantedFor = tunnelWanted({
    interfaceName: config.wireguard.interface,
    listenPort: config.wireguard.listen_port,
    nodeSeed,
    agreements,
    secret: clusterSecret(token, config.master.onion_address),
    privateKey,
  });
  const { interfaceName, address } = wantedFor([]);
  const { socketDir, userspaceCommand: command, others } = effects;
  const userspace = new UserspaceWireguard({ context, socketDir, command, others }, interfaceName, address);
  const commands = new Commands(effects.commands(context));
  const device = new TunnelDevice({ commands, userspace, log });
  const checkEveryMs = config.wireguard.check_interval_secs * 1000;
  const world = { clock, random, log, openUdp, device, userspace, checkEveryMs, wantedFor };
  return new WireguardTransport(world, [], events);
};
