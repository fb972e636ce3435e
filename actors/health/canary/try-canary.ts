import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.js';
import type { Config } from '../../kernel/config/schema.js';
import { openSocket } from '../../kernel/open-socket.js';
import type { Random } from '../../kernel/random.js';
import { ANSWERED_BY_FIELD, ANSWERED_WITH_FIELD, SELF_TEST_FIELD } from '../../kernel/self-test-token.js';
import type { SelfTestTokens } from '../../kernel/self-test-token.js';
import { socksReply } from '../../kernel/socks-reply.js';
import { askSocks } from '../../kernel/socks-stream.js';
import type { SocksWay } from '../../kernel/socks-stream.js';
import { parseStreamAddress } from '../../kernel/stream-address.js';
import type { StreamAddress } from '../../kernel/stream-address.js';
import type { CanaryResult, CanaryStep } from './canary-record.js';
import type { TryCanary } from './canary-watch.js';
import { extendedReply } from './extended-reply.js';

/** A raw stream to a target that is down is closed by the proxy as soon as it comes. */
const RAW_PATIENCE_MS = 2000;

export interface CanaryMeans {
  readonly config: Pick<Config, 'master' | 'proxy' | 'canary'>;
  readonly mode: 'http' | 'raw';
  readonly tokens: SelfTestTokens;
  readonly clock: Clock;
  readonly random: Random;
  /** The SOCKS port of the same Tor whose refusals say more; null: there is none. */
  readonly diagnosis: (socks: StreamAddress) => StreamAddress | null;
}

const failed = (step: CanaryStep, reason: string, node: string | null = null): CanaryResult => ({
  ok: false,
  step,
  reason,
  node,
});

const isLate = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'no proper answer';
};

interface Answer {
  readonly status: number;
  readonly node: string | null;
  readonly target: string | null;
}

const firstValue = (value: string | readonly string[] | undefined): string | null =>
  typeof value === 'string' && /^[\w-]{1,63}$/.test(value) ? value : null;

/** Asks on a stream that is there; rejects with the system's error, or the signal's reason. */
const ask = (stream: Socket, { config, tokens }: CanaryMeans, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => stream,
      path: config.canary.path,
      headers: {
        host: config.master.onion_address,
        connection: 'close',
        [SELF_TEST_FIELD]: tokens.issue('canary'),
      },
      signal,
    });
    sent.on('response', (response) => {
      sent.destroy();
      resolve({
        status: response.statusCode ?? 0,
        node: firstValue(response.headers[ANSWERED_BY_FIELD]),
        target: firstValue(response.headers[ANSWERED_WITH_FIELD]),
      });
    });
    sent.on('error', (error) => {
      reject(signal.aborted ? (signal.reason as Error) : error);
    });
    sent.end();
  });

/** What an answer says of proxy and target: any page that the target gives will do, whatever it thinks of the path. */
const judged = ({ status, node, target }: Answer, tookMs: number): CanaryResult => {
  if (node === null)
    return failed('proxy', `status ${String(status)}, and no node of this cluster names itself`);
  if (target === 'down') return failed('target', 'the node turns clients away: no target is well', node);
  return status >= 500 ? failed('target', `status ${String(status)}`, node) : { ok: true, node, tookMs };
};

const staysOpen = (stream: Socket, clock: Clock): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = clock.after(RAW_PATIENCE_MS, () => {
      resolve(true);
    });
    const gone = (): void => {
      cancel();
      resolve(false);
    };
    stream.once('end', gone).once('close', gone).resume();
  });

/**
 * One visit to the master address by this node's own Tor, as a client makes it: descriptor, introduction, rendezvous, some
 * node's proxy, its target. Each has circuits of its own (IsolateSOCKSAuth), since one that is old proves nothing; the
 * descriptor may be one that this Tor still holds, as it may for any client.
 */
export const canary =
  (means: CanaryMeans): TryCanary =>
  async (socksAddress) => {
    const { config, clock, random } = means;
    const socks = parseStreamAddress(socksAddress);
    if (socks === null) return failed('socks', 'its address is unknown');
    const timeoutMs = config.canary.timeout_secs * 1000;
    const startedAtMs = clock.monotonicMs();
    const wayBy = (port: StreamAddress): SocksWay => ({
      socks: port,
      host: config.master.onion_address,
      port: config.proxy.virtual_port,
      isolation: `canary-${Buffer.from(random.bytes(8)).toString('hex')}`,
      timeoutMs: timeoutMs + 1000,
    });

    /** Why no stream came, in the words of a port that says more, else in those of the port that was asked. */
    const diagnosed = async (error: unknown): Promise<CanaryResult> => {
      const telling = means.diagnosis(socks);
      const meaning =
        telling === null ? null : await extendedReply(wayBy(telling), AbortSignal.timeout(timeoutMs));
      if (meaning !== null) return failed(meaning.step, meaning.reason);
      return failed(
        'unknown',
        socksReply(error) ?? (isLate(error) ? 'no answer in time' : 'no proper reply'),
      );
    };

    const signal = AbortSignal.timeout(timeoutMs);
    let connection: Socket;
    try {
      connection = await openSocket(socks, signal);
    } catch (error) {
      return failed('socks', isLate(error) ? 'no answer in time' : codeOf(error));
    }
    let stream: Socket;
    try {
      stream = await askSocks(connection, wayBy(socks), signal);
    } catch (error) {
      return diagnosed(error);
    }
    try {
      if (means.mode === 'http')
        return judged(await ask(stream, means, signal), clock.monotonicMs() - startedAtMs);
      return (await staysOpen(stream, clock))
        ? { ok: true, node: null, tookMs: clock.monotonicMs() - startedAtMs }
        : failed('target', 'the stream was closed at once');
    } catch (error) {
      return failed('proxy', isLate(error) ? 'no answer in time' : codeOf(error));
    } finally {
      stream.destroy();
    }
  };
