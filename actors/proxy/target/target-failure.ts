import { type ErrorCode, type ErrorData, errorData } from '../../kernel/errors.js';
import { socksReply } from '../../kernel/socks-reply.js';

export type TargetFailureKind = 'unreachable' | 'timeout' | 'tls' | 'tor' | 'broken';

const CODES: Readonly<Record<TargetFailureKind, ErrorCode>> = {
  unreachable: 'proxy.target-unreachable',
  timeout: 'proxy.target-timeout',
  tls: 'proxy.target-tls',
  tor: 'proxy.target-tor',
  broken: 'proxy.target-broken',
};

/** The target failed us. `reason` is a word or two from a closed set or an error code: nothing of anybody's traffic. */
export class TargetFailure extends Error {
  readonly kind: TargetFailureKind;
  readonly reason: string;

  constructor(kind: TargetFailureKind, reason: string) {
    super(`the target failed (${kind}: ${reason})`);
    this.name = 'TargetFailure';
    this.kind = kind;
    this.reason = reason;
  }

  /** What the client is told (RFC 9110 §15.6.3 and §15.6.5). */
  get status(): 502 | 504 {
    return this.kind === 'timeout' ? 504 : 502;
  }

  /** For the operator. */
  get data(): ErrorData {
    return errorData(CODES[this.kind], 'proxy', { reason: this.reason });
  }
}

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\w{1,60}$/.test(code) ? code : 'unknown error';
};

/** Classifies what the system said while a direct connection was made. */
export const connectFailure = (error: unknown): TargetFailure => {
  if (error instanceof TargetFailure) return error;
  const code = codeOf(error);
  return new TargetFailure(code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', code);
};

export const tlsFailure = (error: unknown): TargetFailure =>
  error instanceof TargetFailure ? error : new TargetFailure('tls', codeOf(error));

/** Classifies what the SOCKS library says of Tor's reply. */
export const socksFailure = (error: unknown): TargetFailure => {
  if (error instanceof TargetFailure) return error;
  const reply = socksReply(error);
  return reply === 'TTLExpired'
    ? new TargetFailure('timeout', reply)
    : new TargetFailure('tor', reply ?? 'no answer');
};
