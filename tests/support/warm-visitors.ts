import type { StockClient } from './stock-client.js';
import type { Visitor } from './stock-client-load.js';

/** Visitors that share Tors but no circuit, since SOCKS user names isolate: each keeps the circuit that it has. */
export const warmVisitors = (clients: readonly StockClient[], count: number): readonly Visitor[] =>
  Array.from({ length: count }, (_, index) => clients[index % clients.length])
    .filter((client) => client !== undefined)
    .map((client, index) => ({
      fetch: (address, options) =>
        client.fetch(address, { ...options, isolation: `visitor-${String(index)}` }),
      dropDescriptor: (address) => client.dropDescriptor(address),
    }));
