import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Random } from '@rustbalance/actors/kernel/random.js';

/** One end of a cable: what its node sends to it comes out of the other end. */
interface End {
  readonly socket: Socket;
  readonly port: number;
  /** Where its node listens; 0 until it is plugged in. */
  nodePort: number;
  /** Of what its node sends, this share is lost. */
  loss: number;
}

const HOST = '127.0.0.1';

const openEnd = async (): Promise<End> => {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return { socket, port: socket.address().port, nodePort: 0, loss: 0 };
};

/**
 * Cables between nodes that meet by the direct transport on loopback: two UDP sockets for each pair, so that every datagram
 * between two nodes goes through here and can be lost for real, without a privilege and without touching the machine's network.
 */
export class Cables {
  readonly #ends: ReadonlyMap<string, End>;
  readonly #random: Random;

  private constructor(ends: ReadonlyMap<string, End>, random: Random) {
    this.#ends = ends;
    this.#random = random;
  }

  static async make(names: readonly string[], random: Random): Promise<Cables> {
    const ends = new Map<string, End>();
    for (const from of names)
      for (const to of names) if (from !== to) ends.set(`${from} ${to}`, await openEnd());
    const cables = new Cables(ends, random);
    for (const [name, end] of ends) {
      const [from = '', to = ''] = name.split(' ');
      end.socket.on('message', (bytes) => {
        cables.#carry(bytes, end, cables.#end(to, from));
      });
      // A node that is down answers with "port unreachable"; nobody needs to know.
      end.socket.on('error', () => undefined);
    }
    return cables;
  }

  #end(from: string, to: string): End {
    const end = this.#ends.get(`${from} ${to}`);
    if (end === undefined) throw new RangeError(`no cable from ${from} to ${to}`);
    return end;
  }

  #carry(bytes: Buffer, from: End, to: End): void {
    if (to.nodePort !== 0 && this.#random.uniform() >= from.loss)
      to.socket.send(bytes, to.nodePort, HOST, () => undefined);
  }

  /** Plugs a node in. @returns the address at which it finds the other */
  plug(from: { readonly id: string; readonly listen: string | null }, to: string): string {
    const end = this.#end(from.id, to);
    end.nodePort = Number(from.listen?.split(':').at(-1) ?? 0);
    return `${HOST}:${String(end.port)}`;
  }

  /** Of what one sends to the other, this share is lost; 1 cuts the cable in this direction. */
  lose(from: string, to: string, share: number): void {
    this.#end(from, to).loss = share;
  }

  heal(): void {
    for (const end of this.#ends.values()) end.loss = 0;
  }

  close(): void {
    for (const { socket } of this.#ends.values()) socket.close();
  }
}
