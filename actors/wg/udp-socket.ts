import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { HostPort } from '../kernel/stream-address.js';

/** A UDP socket that is bound. */
export interface UdpSocket {
  /** The address it is bound to; its port is the system's choice where 0 was asked for. */
  readonly local: HostPort;
  /** `failed` gets the system's error code when the system refuses the datagram. */
  send(bytes: Uint8Array, to: HostPort, failed: (code: string) => void): void;
  close(): void;
}

export interface UdpEvents {
  /** The bytes may be a slice of something larger: whoever keeps them or sends them on copies them. */
  datagram(bytes: Uint8Array, from: HostPort): void;
  /** The socket is of no use any more. */
  failed(code: string): void;
}

/** Binds a UDP socket; rejects with an Error that has a system `code`. */
export type OpenUdp = (at: HostPort, events: UdpEvents) => Promise<UdpSocket>;

/** A second of honest traffic of 64 peers must not be lost while the loop is busy; the system may grant less. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? 'unknown';

export const openUdp: OpenUdp = (at, events) =>
  new Promise((resolve, reject) => {
    const six = isIPv6(at.host);
    const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six });
    let bound = false;
    let closed = false;
    socket.on('error', (error) => {
      if (!bound) reject(error);
      else if (!closed) events.failed(codeOf(error));
    });
    socket.on('message', (message, { address, port }) => {
      if (!closed) events.datagram(message, { host: address, port });
    });
    socket.bind({ address: at.host, port: at.port, exclusive: true }, () => {
      bound = true;
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      } catch {
        // The default buffer does too.
      }
      const { address, port } = socket.address();
      resolve({
        local: { host: address, port },
        send: (bytes, to, failed) => {
          socket.send(bytes, to.port, to.host, (error) => {
            if (error !== null && !closed) failed(codeOf(error));
          });
        },
        close: () => {
          if (closed) return;
          closed = true;
          socket.close();
        },
      });
    });
  });
