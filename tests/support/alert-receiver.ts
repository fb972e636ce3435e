import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an operator's webhook leads to. */
export interface AlertReceiver {
  readonly port: number;
  /** The bodies that were posted, parsed. */
  readonly alerts: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

export const startAlertReceiver = async (): Promise<AlertReceiver> => {
  const alerts: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'POST') alerts.push(JSON.parse(Buffer.concat(parts).toString()));
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    alerts,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
