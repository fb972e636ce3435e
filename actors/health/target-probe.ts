import { request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { SocksClient } from 'socks';
import type { Config } from '../kernel/config/schema.js';
import type { Target, Targets } from '../kernel/config/target.js';
import { SELF_TEST_FIELD } from '../kernel/self-test-token.js';
import type { SelfTestTokens } from '../kernel/self-test-token.js';
import { isWholeGrant, socksReply } from '../kernel/socks-reply.js';
import { parseStreamAddress, socketOptions } from '../kernel/stream-address.js';
import type { StreamAddress } from '../kernel/stream-address.js';
import type { ProbeResult } from './target-record.js';

/** What a probe of the target knows of the other actors. */
export interface ProbeWay {
  /** Where the proxy listens; null until it does. */
  readonly proxy: string | null;
  /** Tor's SOCKS port; null while unknown. */
  readonly socks: string | null;
}

/** Tries the target once. Null: it cannot be tried now, because what lies between is not up. Never rejects. */
export type ProbeTarget = (way: ProbeWay) => Promise<ProbeResult | null>;

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no connection';
};

const settled = (socket: Socket, timeoutMs: number): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const end = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => {
      end({ ok: false, reason: 'no answer in time' });
    });
    socket.on('error', (error) => {
      end({ ok: false, reason: codeOf(error) });
    });
    socket.once('connect', () => {
      end({ ok: true });
    });
  });

const NO_PROPER_REPLY = 'Tor reached nobody';

const throughTor = async (socks: StreamAddress, target: Target, timeoutMs: number): Promise<ProbeResult> => {
  const socket = connect(socketOptions(socks));
  // SocksClient puts listeners of its own on and takes them off; an error after that must not end the thread.
  socket.on('error', () => undefined);
  try {
    const granted = await SocksClient.createConnection({
      command: 'connect',
      proxy: { host: 'localhost', port: 9050, type: 5 },
      destination: { host: target.host, port: target.port },
      existing_socket: socket,
      timeout: timeoutMs,
    });
    return isWholeGrant(granted) ? { ok: true } : { ok: false, reason: NO_PROPER_REPLY };
  } catch (error) {
    return { ok: false, reason: socksReply(error) ?? NO_PROPER_REPLY };
  } finally {
    socket.destroy();
  }
};

const TIMEOUT_NAMES = new Set(['AbortError', 'TimeoutError']);

/**
 * One request to the proxy, which takes it to the target as it takes every client's. The token makes the proxy take it
 * there even while it turns clients away.
 */
const throughProxy = (proxy: StreamAddress, config: Config, token: string | null): Promise<ProbeResult> => {
  const {
    http_probe_path: path,
    http_probe_timeout_secs: timeout,
    probe_expected_status: expected,
  } = config.health;
  const address = proxy.kind === 'unix' ? { socketPath: proxy.path } : socketOptions(proxy);
  return new Promise((resolve) => {
    const sent = request({
      ...address,
      path,
      method: 'GET',
      headers: {
        host: config.master.onion_address,
        connection: 'close',
        ...(token === null ? {} : { [SELF_TEST_FIELD]: token }),
      },
      signal: AbortSignal.timeout(timeout * 1000),
    });
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0;
      sent.destroy();
      resolve(status === expected ? { ok: true } : { ok: false, reason: `status ${String(status)}` });
    });
    sent.on('error', (error) => {
      resolve({ ok: false, reason: TIMEOUT_NAMES.has(error.name) ? 'no answer in time' : codeOf(error) });
    });
    sent.end();
  });
};

/**
 * The probe of one target that a configuration asks for: an HTTP request through the proxy where that is enabled, else
 * one connection to the target, by Tor where traffic goes by Tor.
 *
 * @param index the target's place among all
 */
export const targetProbe =
  (config: Config, target: Target, index: number, tokens: SelfTestTokens | null): ProbeTarget =>
  async ({ proxy, socks }) => {
    if (config.health.http_probe_enabled && target.mode === 'http') {
      const address = proxy === null ? null : parseStreamAddress(proxy);
      return address === null ? null : await throughProxy(address, config, tokens?.issue(index) ?? null);
    }
    if (target.route === 'direct') {
      const socket = connect({ host: target.host, port: target.port });
      return await settled(socket, config.health.http_probe_timeout_secs * 1000);
    }
    const address = socks === null ? null : parseStreamAddress(socks);
    return address === null
      ? null
      : await throughTor(address, target, config.target.connect_timeout_secs * 1000);
  };

/** One probe for each target. */
export const targetProbes = (
  config: Config,
  targets: Targets,
  tokens: SelfTestTokens | null,
): readonly ProbeTarget[] => targets.map((target, index) => targetProbe(config, target, index, tokens));
