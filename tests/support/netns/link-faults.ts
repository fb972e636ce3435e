import type { Machine } from './machine.js';
import type { Lan } from './namespace.js';

const TABLE = 'faults';

/**
 * Damage to the links between machines, done on the bridge: nothing in the machines themselves knows of it. Tor's way is
 * TCP to the hub and stays, unless a machine's cable is throttled or pulled.
 */
export class LinkFaults {
  readonly #lan: Lan;
  readonly #throttled = new Set<Machine>();
  readonly #unplugged = new Set<Machine>();

  constructor(lan: Lan) {
    this.#lan = lan;
  }

  async #drop(match: string): Promise<void> {
    const { hub } = this.#lan;
    await hub.run('nft', 'add', 'table', 'bridge', TABLE);
    await hub.run(
      'nft',
      `add chain bridge ${TABLE} forward { type filter hook forward priority 0; policy accept; }`,
    );
    await hub.run('nft', `add rule bridge ${TABLE} forward ${match} drop`);
  }

  /** No datagram from one reaches the other; back they do. */
  cutOneWay(from: Machine, to: Machine): Promise<void> {
    return this.#drop(`iifname "${from.port}" oifname "${to.port}" ip protocol udp`);
  }

  async cut(a: Machine, b: Machine): Promise<void> {
    await this.cutOneWay(a, b);
    await this.cutOneWay(b, a);
  }

  /** Of all datagrams between any two machines this many in a hundred are lost, at random. */
  lose(percent: number): Promise<void> {
    return this.#drop(`ip protocol udp numgen random mod 100 < ${String(percent)}`);
  }

  /** All that goes to the machine, Tor's streams included, has to share this. */
  async throttle(machine: Machine, kilobitsPerSecond: number): Promise<void> {
    const rate = ['rate', `${String(kilobitsPerSecond)}kbit`, 'burst', '8kb', 'latency', '400ms'];
    await this.#lan.hub.run('tc', 'qdisc', 'replace', 'dev', machine.port, 'root', 'tbf', ...rate);
    this.#throttled.add(machine);
  }

  /** Neither the other machines nor Tor are reached any more. */
  async unplug(machine: Machine): Promise<void> {
    await this.#lan.hub.run('ip', 'link', 'set', 'down', 'dev', machine.port);
    this.#unplugged.add(machine);
  }

  /** Undoes everything. */
  async heal(): Promise<void> {
    const { hub } = this.#lan;
    await hub.run('nft', 'add', 'table', 'bridge', TABLE);
    await hub.run('nft', 'delete', 'table', 'bridge', TABLE);
    for (const { port } of this.#throttled) await hub.run('tc', 'qdisc', 'del', 'dev', port, 'root');
    for (const { port } of this.#unplugged) await hub.run('ip', 'link', 'set', 'up', 'dev', port);
    this.#throttled.clear();
    this.#unplugged.clear();
  }
}
