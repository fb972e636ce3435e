import type { Duplex } from 'node:stream';

export interface CommandWriter {
  /** Sends bytes, after everything given before and no faster than the peer takes them. */
  write(bytes: Uint8Array): void;
}

/**
 * Writes to a stream and stops while its buffer is full, so that a Tor that does not read costs a short queue here
 * (bounded by the number of commands in flight) and no unbounded one in the stream.
 */
export const commandWriter = (stream: Duplex): CommandWriter => {
  const waiting: Uint8Array[] = [];
  let blocked = false;

  const pump = (): void => {
    while (!blocked) {
      const bytes = waiting.shift();
      if (bytes === undefined) return;
      blocked = !stream.write(bytes);
    }
  };

  stream.on('drain', () => {
    blocked = false;
    pump();
  });

  return {
    write: (bytes) => {
      waiting.push(bytes);
      pump();
    },
  };
};
