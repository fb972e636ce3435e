import type { MemberView } from '../../election/messages.js';
import type { NodeId } from '../../kernel/brands.js';
import type { ChildState } from '../../kernel/host-messages.js';
import type { HostPort } from '../../kernel/stream-address.js';
import { COORDINATION_PORTS } from '../messages.js';
import type { TransportStatus } from '../messages.js';
import type { DropReason, SendOutcome, Transport, TransportEvents } from '../transport.js';
import { UdpTransport } from '../udp-transport.js';
import type { UdpWorld } from '../udp-transport.js';
import type { TunnelDevice } from './device.js';
import { TunnelKeeper } from './keeper.js';
import type { UserspaceWireguard } from './userspace.js';
import type { WantedTunnel } from './wanted.js';

export interface WireguardWorld extends UdpWorld {
  readonly device: TunnelDevice;
  readonly userspace: UserspaceWireguard;
  readonly checkEveryMs: number;
  readonly wantedFor: (members: readonly MemberView[]) => WantedTunnel;
}

const PORT = COORDINATION_PORTS.datagrams;

const addressesOf = ({ peers }: WantedTunnel): ReadonlyMap<NodeId, HostPort> =>
  new Map([...peers.values()].map(({ id, address }) => [id, { host: address, port: PORT }]));

/** UDP through WireGuard tunnels, bound to the tunnel address. */
export class WireguardTransport implements Transport {
  readonly name = 'wireguard';
  readonly #world: WireguardWorld;
  readonly #keeper: TunnelKeeper;
  readonly #udp: UdpTransport;
  readonly #handed = new Map<NodeId, number>();

  constructor(world: WireguardWorld, members: readonly MemberView[], events: TransportEvents) {
    this.#world = world;
    const wanted = world.wantedFor(members);
    this.#udp = new UdpTransport(
      {
        name: this.name,
        key: 'wireguard.interface',
        listen: { host: wanted.address, port: PORT },
        peers: addressesOf(wanted),
        sendFailed: () => {
          this.#keeper.suspect();
        },
      },
      world,
      {
        datagram: (bytes) => {
          events.datagram(bytes);
        },
        changed: () => {
          events.changed();
          // A socket that failed may be the first sign of an interface that is gone.
          if (this.#udp.status().state === 'down' && !this.#udp.suspended) this.#keeper.look();
        },
      },
    );
    this.#keeper = new TunnelKeeper({ ...world, handedTo: (peer) => this.#handed.get(peer) ?? 0 }, wanted, {
      works: (fresh) => {
        if (fresh || this.#udp.suspended) this.#udp.rebind();
      },
      broken: ({ what }) => {
        this.#udp.suspend(what);
      },
    });
  }

  /** @throws RbError wireguard.* or transport.bind-failed; nothing is left behind then */
  async open(): Promise<void> {
    await this.#keeper.start();
    try {
      await this.#udp.open();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Who the peers are now: added and removed without disturbing the others. */
  follow(members: readonly MemberView[]): void {
    const wanted = this.#world.wantedFor(members);
    const addresses = addressesOf(wanted);
    for (const id of this.#handed.keys()) if (!addresses.has(id)) this.#handed.delete(id);
    this.#udp.setPeers(addresses);
    this.#keeper.want(wanted);
  }

  /** What the process host says of its children: a wireguard-go that ended is replaced at once. */
  children(children: readonly ChildState[]): void {
    if (this.#world.userspace.children(children)) this.#keeper.look();
  }

  rebuild(): void {
    this.#keeper.rebuild();
  }

  reconnect(): void {
    this.#keeper.look();
  }

  send(to: NodeId, bytes: Uint8Array): SendOutcome {
    const outcome = this.#udp.send(to, bytes);
    if (outcome === 'sent') this.#handed.set(to, (this.#handed.get(to) ?? 0) + 1);
    return outcome;
  }

  status(): TransportStatus {
    return this.#udp.status();
  }

  drops(): Readonly<Partial<Record<DropReason, number>>> {
    return this.#udp.drops();
  }

  details(): Readonly<Record<string, string | number | null>> {
    return { implementation: this.#keeper.implementation, rebuilds: this.#keeper.rebuilds };
  }

  async handOver(): Promise<void> {
    await this.#udp.close();
    await this.#keeper.letGo();
  }

  async close(): Promise<void> {
    await this.#udp.close();
    await this.#keeper.close();
  }
}
