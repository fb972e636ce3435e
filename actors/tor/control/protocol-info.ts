import { parseArguments } from './arguments.js';
import type { ControlMessage } from './reply-parser.js';
import { fromWireText, type WireText } from './wire-text.js';

export type AuthMethod = 'NULL' | 'SAFECOOKIE' | 'COOKIE' | 'HASHEDPASSWORD';

/** What Tor says of itself before authentication (PROTOCOLINFO, control-spec §3.21). */
export interface ProtocolInfo {
  /** As Tor lists them, unknown ones included. */
  readonly methods: readonly string[];
  readonly cookieFile: string | null;
  readonly torVersion: string | null;
}

/** Tor's answer to AUTHCHALLENGE (control-spec §3.24). */
export interface AuthChallenge {
  /** 32 bytes each. */
  readonly serverHash: Uint8Array;
  readonly serverNonce: Uint8Array;
}

/** The words after `PREFIX ` of a line; null when the line begins otherwise. */
const argumentsAfter = (prefix: string, text: WireText): ReturnType<typeof parseArguments> | null =>
  text.startsWith(`${prefix} `) ? parseArguments(text.slice(prefix.length + 1) as WireText) : null;

/** The peer's words before it proved to be Tor end up in errors and in open(): printable and no longer than a path. */
const LONGEST_WORD = 4096;
const isHarmless = (text: string | null): boolean =>
  text === null || (text.length <= LONGEST_WORD && !/\p{Cc}/u.test(text));

/** Null when the reply is no PROTOCOLINFO reply. Lines and words that are not known are passed over. */
export const parseProtocolInfo = (reply: ControlMessage): ProtocolInfo | null => {
  if (reply.status !== 250 || reply.lines[0]?.text.startsWith('PROTOCOLINFO ') !== true) return null;
  let methods: readonly string[] | null = null;
  let cookieFile: string | null = null;
  let torVersion: string | null = null;
  for (const { text } of reply.lines) {
    const auth = argumentsAfter('AUTH', text);
    const version = argumentsAfter('VERSION', text);
    if (auth?.malformed === true || version?.malformed === true) return null;
    methods = auth?.keywords.get('METHODS')?.split(',') ?? methods;
    const file = auth?.keywords.get('COOKIEFILE');
    if (file !== undefined) cookieFile = fromWireText(file);
    const tor = version?.keywords.get('Tor');
    if (tor !== undefined) torVersion = fromWireText(tor);
  }
  if (methods === null || ![cookieFile, torVersion, ...methods].every(isHarmless)) return null;
  return { methods, cookieFile, torVersion };
};

const bytesOfHex = (text: string | undefined): Uint8Array | null =>
  text !== undefined && /^[0-9A-Fa-f]{64}$/.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : null;

/** Null when the reply is no AUTHCHALLENGE reply with two values of 32 bytes. */
export const parseAuthChallenge = (reply: ControlMessage): AuthChallenge | null => {
  const first = reply.lines[0];
  if (reply.status !== 250 || reply.lines.length !== 1 || first === undefined) return null;
  const found = argumentsAfter('AUTHCHALLENGE', first.text);
  const serverHash = bytesOfHex(found?.keywords.get('SERVERHASH'));
  const serverNonce = bytesOfHex(found?.keywords.get('SERVERNONCE'));
  return serverHash === null || serverNonce === null ? null : { serverHash, serverNonce };
};
