import { rbError, type RbError } from '../../kernel/errors.js';
import type { Random } from '../../kernel/random.js';
import type { Secret } from '../../kernel/redact.js';
import type { ControlConnection } from './connection.js';
import type { CookieFiles } from './cookie-file.js';
import {
  parseAuthChallenge,
  parseProtocolInfo,
  type AuthMethod,
  type ProtocolInfo,
} from './protocol-info.js';
import { replyError } from './reply-errors.js';
import { CLIENT_NONCE_BYTES, controllerHash, COOKIE_BYTES, serverKnowsCookie } from './safe-cookie.js';
import { toWireText } from './wire-text.js';

export interface AuthenticateOptions {
  readonly cookieFiles: CookieFiles;
  readonly random: Random;
  /** The plain control password; null when there is none. */
  readonly password: Secret | null;
  /** Methods to try, best first. */
  readonly methods?: readonly AuthMethod[];
}

export interface Authenticated {
  readonly method: AuthMethod;
  readonly torVersion: string | null;
  readonly cookieFile: string | null;
}

/**
 * SAFECOOKIE first: it discloses nothing and proves that the peer is Tor. COOKIE hands the file's content to whoever
 * answers, so it comes after the password; every Tor since 0.2.3.13 that offers it offers SAFECOOKIE too.
 */
export const METHODS_BEST_FIRST: readonly AuthMethod[] = ['SAFECOOKIE', 'HASHEDPASSWORD', 'COOKIE', 'NULL'];

/** Debian's package; named when the file's own group cannot be seen. */
const USUAL_TOR_GROUP = 'debian-tor';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const readCookie = async (where: string, file: string, files: CookieFiles): Promise<Uint8Array> => {
  let cookie: Uint8Array;
  try {
    cookie = await files.read(file);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    const group = (await files.groupOf(file)) ?? USUAL_TOR_GROUP;
    throw rbError('control.auth-cookie-unreadable', where, { file, group, reason }, cause);
  }
  if (cookie.length === COOKIE_BYTES) return cookie;
  const size = cookie.length > COOKIE_BYTES ? `more than ${COOKIE_BYTES}` : cookie.length;
  throw rbError('control.auth-cookie-size', where, { file, size });
};

const protocolViolation = (connection: ControlConnection, violation: string): RbError =>
  rbError('control.protocol', connection.where, { violation });

const cookieRefused = (connection: ControlConnection, file: string): RbError =>
  rbError('control.auth-cookie-refused', connection.where, { file });

/** A method that can be tried, with what it needs. */
type Chosen =
  | { readonly method: 'NULL' }
  | { readonly method: 'HASHEDPASSWORD'; readonly password: Secret }
  | { readonly method: 'SAFECOOKIE' | 'COOKIE'; readonly file: string; readonly cookie: Uint8Array };

/** The method with what it needs; null when that is missing, with the error in `why` where there is one to tell. */
const equip = async (
  method: AuthMethod,
  info: ProtocolInfo,
  connection: ControlConnection,
  options: AuthenticateOptions,
): Promise<Chosen | { readonly method: null; readonly why: unknown }> => {
  if (method === 'NULL') return { method };
  if (method === 'HASHEDPASSWORD') {
    return options.password === null ? { method: null, why: null } : { method, password: options.password };
  }
  const file = info.cookieFile;
  if (file === null)
    return { method: null, why: protocolViolation(connection, 'cookie-method-without-file') };
  try {
    return { method, file, cookie: await readCookie(connection.where, file, options.cookieFiles) };
  } catch (why) {
    return { method: null, why };
  }
};

/** The best method that Tor offers and that we can use. A wrong attempt costs the connection, so one is chosen first. */
const choose = async (
  info: ProtocolInfo,
  connection: ControlConnection,
  options: AuthenticateOptions,
): Promise<Chosen> => {
  let firstWhy: unknown = null;
  for (const method of options.methods ?? METHODS_BEST_FIRST) {
    if (!info.methods.includes(method)) continue;
    const equipped = await equip(method, info, connection, options);
    if (equipped.method !== null) return equipped;
    firstWhy ??= equipped.why;
  }
  if (firstWhy !== null) throw firstWhy;
  const missing = info.methods.includes('HASHEDPASSWORD')
    ? 'no control password is configured'
    : 'none of that can be used';
  const offered = info.methods.join(', ').slice(0, 100);
  throw rbError('control.auth-no-method', connection.where, { offered, missing });
};

/** Sends the token; a refusal (515, and Tor closes the connection) becomes the error that `refused` makes. */
const present = async (
  connection: ControlConnection,
  token: Uint8Array,
  refused: () => RbError,
): Promise<void> => {
  // In hexadecimal, so that a password may hold any byte and needs no quoting (control-spec §3.5).
  const reply = await connection.send(toWireText(`AUTHENTICATE ${hex(token)}`.trimEnd()));
  if (reply.status === 250) return;
  throw reply.status === 515 ? refused() : replyError('AUTHENTICATE', reply, connection.where);
};

const bySafeCookie = async (
  connection: ControlConnection,
  file: string,
  cookie: Uint8Array,
  random: Random,
): Promise<void> => {
  const clientNonce = random.bytes(CLIENT_NONCE_BYTES);
  const reply = await connection.send(toWireText(`AUTHCHALLENGE SAFECOOKIE ${hex(clientNonce)}`));
  if (reply.status !== 250) throw replyError('AUTHCHALLENGE', reply, connection.where);
  const challenge = parseAuthChallenge(reply);
  if (challenge === null) throw protocolViolation(connection, 'malformed-authchallenge');
  const input = { cookie, clientNonce, serverNonce: challenge.serverNonce };
  if (!serverKnowsCookie(input, challenge.serverHash)) {
    throw rbError('control.auth-server-hash', connection.where, { file });
  }
  await present(connection, controllerHash(input), () => cookieRefused(connection, file));
};

const attempt = (chosen: Chosen, connection: ControlConnection, random: Random): Promise<void> => {
  switch (chosen.method) {
    case 'SAFECOOKIE':
      return bySafeCookie(connection, chosen.file, chosen.cookie, random);
    case 'COOKIE':
      return present(connection, chosen.cookie, () => cookieRefused(connection, chosen.file));
    case 'HASHEDPASSWORD':
      return present(connection, chosen.password.reveal(), () =>
        rbError('control.auth-password-wrong', connection.where),
      );
    case 'NULL':
      return present(connection, new Uint8Array(), () =>
        rbError('control.auth-no-method', connection.where, { offered: 'NULL', missing: 'refused it' }),
      );
  }
};

const introduce = async (connection: ControlConnection): Promise<ProtocolInfo> => {
  const reply = await connection.send(toWireText('PROTOCOLINFO 1'));
  if (reply.status !== 250) throw replyError('PROTOCOLINFO', reply, connection.where);
  const info = parseProtocolInfo(reply);
  if (info === null) throw protocolViolation(connection, 'malformed-protocolinfo');
  return info;
};

/**
 * Authenticates a fresh connection (control-spec §3.5, §3.21, §3.24): PROTOCOLINFO, then the best method that works
 * for both. Rejects with one of control.auth-* or with what the connection reports, and closes the connection then.
 */
export const authenticate = async (
  connection: ControlConnection,
  options: AuthenticateOptions,
): Promise<Authenticated> => {
  try {
    const info = await introduce(connection);
    const chosen = await choose(info, connection, options);
    await attempt(chosen, connection, options.random);
    return { method: chosen.method, torVersion: info.torVersion, cookieFile: info.cookieFile };
  } catch (error) {
    connection.close('authentication failed');
    throw error;
  }
};
