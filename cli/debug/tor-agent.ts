import { SocksProxyAgent } from 'socks-proxy-agent';
import type { StreamAddress } from '@rustbalance/actors/kernel/stream-address.js';

/** The agent's own deadline, above the caller's: it would end a request without saying why. */
const MARGIN_MS = 1000;

/**
 * An agent of node:http whose requests go through Tor, which resolves the name.
 *
 * @param isolation SOCKS username: keeps these streams off circuits of any other name (IsolateSOCKSAuth)
 * @param timeoutMs how long the caller waits at most, for the connection and for each answer
 */
export const torAgent = (socks: StreamAddress, isolation: string, timeoutMs: number): SocksProxyAgent => {
  // node:net takes a path before any host and port, which the agent's URL must name.
  const socketOptions = { noDelay: true, ...(socks.kind === 'unix' ? { path: socks.path } : {}) };
  const url = `socks5h://${encodeURIComponent(isolation)}:${encodeURIComponent(isolation)}@localhost`;
  const agent = new SocksProxyAgent(url, { timeout: timeoutMs + MARGIN_MS, socketOptions });
  if (socks.kind === 'tcp') {
    // Not by the URL, out of which an IPv6 address comes with brackets that no connection can be made with.
    agent.proxy.host = socks.host;
    agent.proxy.port = socks.port;
  }
  return agent;
};
