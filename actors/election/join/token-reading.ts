import { z } from 'zod';
import type {
  Brand,
  Curve25519PublicKey,
  Curve25519SecretKey,
  Ed25519PublicKey,
  OnionAddress,
} from '@rustbalance/crypto-worker/brands.js';
import { decodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import {
  PASSPHRASE_KDF,
  PASSPHRASE_SALT_BYTES,
} from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type { NodeId } from '../../kernel/brands.js';
import { NODE_ID_PATTERN } from '../../kernel/brands.js';
import type { ClusterTag, JoinSecret, JoinTokenId, KeyGrant } from '../../kernel/cluster-keys.js';
import { errorData } from '../../kernel/errors.js';
import type { ErrorData } from '../../kernel/errors.js';
import { isIpPort } from '../records/ip-port.js';
import { MAX_TOKEN_USES } from '../records/record.js';
import { SEAL_NONCE_BYTES } from './embedded-key.js';
import {
  encodeTokenText,
  LARGEST_BOX,
  LONGEST_EMBEDDED_TOKEN,
  MAX_OTHERS,
  TOKEN_PREFIX,
  TOKEN_VERSION,
} from './token-text.js';
import type { JoinToken, SealedPart, TokenOrigin } from './token-text.js';

/** Kept apart from token-text.ts for zod's sake: it costs a thread 14 MiB, and only the command line reads tokens. */

const KEY_BYTES = 32;
const ID_BYTES = 8;
/** Unix seconds of a token that never ends in practice: the year 2200. */
const LATEST = 7_258_118_400;

const bytesWithin = (shortest: number, longest: number) =>
  z
    .string()
    .max(Math.ceil((longest * 4) / 3))
    .transform((text, context): Uint8Array => {
      const value = new Uint8Array(Buffer.from(text, 'base64url'));
      const isWhole = value.length >= shortest && value.length <= longest;
      if (!isWhole || Buffer.from(value).toString('base64url') !== text) context.addIssue('wrong length');
      return value;
    });

const bytes = <B extends Brand<Uint8Array, string>>(length: number) =>
  bytesWithin(length, length).transform((value) => value as B);

const onion = z
  .string()
  .max(62)
  .transform((text, context): OnionAddress => {
    const address = text.replace(/\.onion$/, '');
    if (!text.endsWith('.onion') || !decodeOnionAddress(address).ok) context.addIssue('no onion address');
    return address as OnionAddress;
  });

const ipPort = z.string().max(64).refine(isIpPort);

const origin = z
  .strictObject({
    node_id: z.string().max(63).regex(NODE_ID_PATTERN),
    node_key: bytes<Ed25519PublicKey>(KEY_BYTES),
    coordination: onion.optional(),
    direct: ipPort.optional(),
    wg_pubkey: bytes<Curve25519PublicKey>(KEY_BYTES).optional(),
    wg_endpoint: ipPort.optional(),
  })
  .refine(({ wg_pubkey: key, wg_endpoint: endpoint }) => endpoint === undefined || key !== undefined)
  .transform((fields): TokenOrigin => ({
    nodeId: fields.node_id as NodeId,
    nodeKey: fields.node_key,
    coordination: fields.coordination ?? null,
    direct: fields.direct ?? null,
    wireguard:
      fields.wg_pubkey === undefined
        ? null
        : { publicKey: fields.wg_pubkey, endpoint: fields.wg_endpoint ?? null },
  }));

const sealed = z
  .strictObject({
    kdf: z.literal(PASSPHRASE_KDF),
    salt: bytesWithin(PASSPHRASE_SALT_BYTES, PASSPHRASE_SALT_BYTES),
    nonce: bytesWithin(SEAL_NONCE_BYTES, SEAL_NONCE_BYTES),
    box: bytesWithin(1, LARGEST_BOX),
  })
  .transform(({ salt, nonce, box }): SealedPart => ({ salt, nonce, box }));

const masterWay = z.strictObject({
  address: onion,
  port: z.number().int().min(1).max(65_535),
  key: bytes<Curve25519PublicKey>(KEY_BYTES),
});

const tokenSchema = z
  .strictObject({
    version: z.literal(TOKEN_VERSION),
    cluster_id: bytes<ClusterTag>(ID_BYTES),
    token_id: bytes<JoinTokenId>(ID_BYTES),
    secret: bytes<JoinSecret>(KEY_BYTES),
    client_auth: bytes<Curve25519SecretKey>(KEY_BYTES),
    expires_at: z.number().int().min(1).max(LATEST),
    uses: z.number().int().min(1).max(MAX_TOKEN_USES),
    key_grant: bytes<KeyGrant>(KEY_BYTES).optional(),
    origin,
    others: z.array(origin).min(1).max(MAX_OTHERS).optional(),
    via_master: masterWay.optional(),
    sealed: sealed.optional(),
    check: z.string().max(16),
  })
  .transform((fields): JoinToken => ({
    cluster: fields.cluster_id,
    id: fields.token_id,
    secret: fields.secret,
    clientAuthorization: fields.client_auth,
    notAfter: fields.expires_at,
    uses: fields.uses,
    ...(fields.key_grant === undefined ? {} : { keyGrant: fields.key_grant }),
    origin: fields.origin,
    others: fields.others ?? [],
    ...(fields.via_master === undefined ? {} : { viaMaster: fields.via_master }),
    ...(fields.sealed === undefined ? {} : { sealed: fields.sealed }),
  }));

const versionSchema = z.looseObject({ version: z.number() });

export type TokenReading =
  { readonly ok: true; readonly token: JoinToken } | { readonly ok: false; readonly error: ErrorData };

const WHERE = 'join token';

const refuse = (
  code: 'join.token-damaged' | 'join.token-version' | 'join.token-expired',
  detail = {},
): TokenReading => ({
  ok: false,
  error: errorData(code, WHERE, detail),
});

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
};

/** Line breaks come from terminals and mail programs that fold long words; nothing else is forgiven. */
const unfolded = (text: string): string => text.replaceAll(/\s+/g, '');

/**
 * Reads the text of a join token. Never throws on bad input; what it says holds nothing of the token.
 *
 * @param nowSecs Unix time
 */
export const readTokenText = (text: string, nowSecs: number): TokenReading => {
  if (text.length > 2 * LONGEST_EMBEDDED_TOKEN) return refuse('join.token-damaged');
  const word = unfolded(text);
  const other = /^rb(\d{1,3}):/.exec(word);
  if (other !== null && !word.startsWith(TOKEN_PREFIX)) {
    return refuse('join.token-version', { version: other[1] ?? '' });
  }
  if (!word.startsWith(TOKEN_PREFIX) || word.length > LONGEST_EMBEDDED_TOKEN)
    return refuse('join.token-damaged');
  const json = jsonOf(word.slice(TOKEN_PREFIX.length));
  const version = versionSchema.safeParse(json);
  if (!version.success) return refuse('join.token-damaged');
  if (version.data.version !== TOKEN_VERSION) {
    return refuse('join.token-version', { version: version.data.version });
  }
  const parsed = tokenSchema.safeParse(json);
  // There is one text for each token: with that, the check at its end is held against all that comes before it.
  if (!parsed.success || encodeTokenText(parsed.data) !== word) return refuse('join.token-damaged');
  const token = parsed.data;
  if (nowSecs > token.notAfter) {
    return refuse('join.token-expired', { expired: new Date(token.notAfter * 1000).toISOString() });
  }
  return { ok: true, token };
};
