import { isIPv6 } from 'node:net';
import type { NodeId } from '../kernel/brands.js';
import { parseHostPort } from '../kernel/stream-address.js';
import type { HostPort } from '../kernel/stream-address.js';
import type { Config } from '../kernel/config/schema.js';
import { rbError } from '../kernel/errors.js';

/** What the direct transport needs of the configuration. */
export interface DirectEndpoints {
  readonly listen: HostPort;
  readonly peers: ReadonlyMap<NodeId, HostPort>;
}

/** The first byte of IPv4 addresses that are no single host (RFC 1112 §4, RFC 6890). */
const FIRST_MULTICAST = 224;

const isOneHost = (host: string): boolean => {
  if (isIPv6(host)) return !/^ff/i.test(host) && !/^[0:]+$/.test(host);
  const first = Number(host.split('.', 1)[0]);
  return first > 0 && first < FIRST_MULTICAST;
};

const parsed = (text: string, key: string): HostPort => {
  const endpoint = parseHostPort(text);
  if (endpoint === null) throw rbError('config.bad-endpoint', key, { key });
  return endpoint;
};

const peerEndpoint = (text: string, listen: HostPort, key: string): HostPort => {
  const endpoint = parsed(text, key);
  const refuse = (problem: string): never => {
    throw rbError('transport.bad-endpoint', key, { key, problem });
  };
  if (!isOneHost(endpoint.host)) return refuse('it is not the address of one host');
  if (isIPv6(endpoint.host) !== isIPv6(listen.host)) {
    return refuse('it and direct.listen are of different IP versions');
  }
  if (endpoint.host === listen.host && endpoint.port === listen.port) {
    return refuse("it is this node's own address");
  }
  return endpoint;
};

/**
 * Reads `[direct]`. Null when this node neither listens nor has peers: a cluster of one opens no socket.
 *
 * @throws RbError config.listen-missing, config.bad-endpoint or transport.bad-endpoint
 */
export const directEndpoints = ({ direct }: Config): DirectEndpoints | null => {
  if (direct.listen === '') {
    if (direct.peers.length === 0) return null;
    throw rbError('config.listen-missing', 'direct.listen', { key: 'direct.listen' });
  }
  const listen = parsed(direct.listen, 'direct.listen');
  const peers = direct.peers.map(
    ({ id, address }, index) =>
      [id as NodeId, peerEndpoint(address, listen, `direct.peers[${index}].address`)] as const,
  );
  return { listen, peers: new Map(peers) };
};
