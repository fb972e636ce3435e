import type { DirectEndpoints } from './endpoints.js';
import type { TransportEvents } from './transport.js';
import { UdpTransport } from './udp-transport.js';
import type { UdpWorld } from './udp-transport.js';

/** UDP between nodes on a network that exists already. */
export class DirectTransport extends UdpTransport {
  constructor({ listen, peers }: DirectEndpoints, world: UdpWorld, events: TransportEvents) {
    super({ name: 'direct', key: 'direct.listen', listen, peers }, world, events);
  }
}
