import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Brand, Curve25519SecretKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { decodeBase64, encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { NodeId } from '../../kernel/brands.js';
import { NODE_ID_PATTERN } from '../../kernel/brands.js';
import { rbError } from '../../kernel/errors.js';
import { heirOf } from '../../kernel/heir.js';
import { replaceFile } from '../../kernel/replace-file.js';
import { removeLeftovers, temporaryFor } from '../../kernel/temporary-file.js';
import { isIpPort } from '../records/ip-port.js';
import { withoutKey } from './embedded-key.js';
import type { PendingJoin } from './pending-join.js';
import { readTokenText } from './token-reading.js';
import { encodeTokenText, LONGEST_TOKEN } from './token-text.js';

/** Kept apart from pending-join.ts for zod's sake: it costs a thread 14 MiB, and most daemons never join. */

const VERSION = 1;
const KEY_BYTES = 32;
const LONGEST_PATH = 4096;
const LONGEST_LINE = 1024;
const MOST_LINES = 100;
/** A token, a few keys and paths, and the lines for a torrc. */
const MAX_BYTES = 256 * 1024;

const path = z.string().min(1).max(LONGEST_PATH);

const key = <B extends Brand<Uint8Array, string>>() =>
  z
    .string()
    .max(64)
    .transform((text, context): B => {
      const bytes = decodeBase64(text);
      if (bytes?.length !== KEY_BYTES) context.addIssue('no key');
      return (bytes ?? new Uint8Array()) as B;
    });

/** Whether a token has ended is for whoever uses it to judge: here it only has to be one. */
const token = z
  .string()
  .max(LONGEST_TOKEN)
  .transform((text, context) => {
    const reading = readTokenText(text, 0);
    if (reading.ok) return reading.token;
    context.addIssue('no token');
    return z.NEVER;
  });

const ipPort = z.string().max(64).refine(isIpPort);

const transport = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('tor') }),
  z
    .strictObject({ mode: z.literal('direct'), listen: ipPort.optional() })
    .transform(({ mode, listen }) => ({ mode, listen })),
  z
    .strictObject({
      mode: z.literal('wireguard'),
      endpoint: ipPort.nullable(),
      private_key: key<Curve25519SecretKey>(),
    })
    .transform(({ mode, endpoint, private_key: privateKey }) => ({ mode, endpoint, privateKey })),
]);

const node = z
  .strictObject({
    target: z.string().min(1).max(LONGEST_LINE),
    state_dir: path.optional(),
    run_dir: path.optional(),
    tor_binary: path,
    extra_torrc: z.array(z.string().max(LONGEST_LINE)).max(MOST_LINES),
    made_directories: z.array(path).max(MOST_LINES),
  })
  .transform((fields) => ({
    target: fields.target,
    stateDir: fields.state_dir,
    runDir: fields.run_dir,
    torBinary: fields.tor_binary,
    extraTorrc: fields.extra_torrc,
    madeDirectories: fields.made_directories,
  }));

const nodeId = z
  .string()
  .regex(NODE_ID_PATTERN)
  .transform((text) => text as NodeId);

const progress = z
  .strictObject({
    attempts: z.number().int().min(1),
    member: nodeId,
    problem: z.string().max(LONGEST_LINE),
    at: z.number().int().min(0),
  })
  .transform(({ attempts, member, problem, at }) => ({ attempts, member, problem, atSecs: at }));

const schema = z
  .strictObject({
    version: z.literal(VERSION),
    token,
    node_key: key<Ed25519Seed>(),
    node_id: nodeId,
    priority: z.number().int().min(1).max(1_000_000).nullable(),
    wants_master_key: z.boolean(),
    transport,
    via_master: z.boolean(),
    node: node.nullable(),
    progress: progress.nullable(),
  })
  .transform((fields): PendingJoin => ({
    token: fields.token,
    nodeSeed: fields.node_key,
    nodeId: fields.node_id,
    priority: fields.priority,
    wantsMasterKey: fields.wants_master_key,
    transport: fields.transport,
    viaMaster: fields.via_master,
    node: fields.node,
    progress: fields.progress,
  }));

const transportFields = (of: PendingJoin['transport']) => {
  switch (of.mode) {
    case 'tor':
      return { mode: of.mode };
    case 'direct':
      return { mode: of.mode, listen: of.listen };
    case 'wireguard':
      return { mode: of.mode, endpoint: of.endpoint, private_key: encodeBase64(of.privateKey) };
  }
};

/** The content of the file: a secret. */
export const encodePendingJoin = (pending: PendingJoin): string => {
  const { node: made, progress: tried } = pending;
  const fields: z.input<typeof schema> = {
    version: VERSION,
    token: encodeTokenText(withoutKey(pending.token)),
    node_key: encodeBase64(pending.nodeSeed),
    node_id: pending.nodeId,
    priority: pending.priority,
    wants_master_key: pending.wantsMasterKey,
    transport: transportFields(pending.transport),
    via_master: pending.viaMaster,
    node:
      made === null
        ? null
        : {
            target: made.target,
            state_dir: made.stateDir,
            run_dir: made.runDir,
            tor_binary: made.torBinary,
            extra_torrc: [...made.extraTorrc],
            made_directories: [...made.madeDirectories],
          },
    progress:
      tried === null
        ? null
        : { attempts: tried.attempts, member: tried.member, problem: tried.problem, at: tried.atSecs },
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
};

export type PendingReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'pending'; readonly pending: PendingJoin }
  /** For people; it quotes nothing of the file. */
  | { readonly kind: 'unusable'; readonly problem: string };

const unusable = (problem: string): PendingReading => ({ kind: 'unusable', problem });

/** Never throws on bad content. */
export const parsePendingJoin = (text: string): PendingReading => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unusable('it is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'pending', pending: parsed.data };
  const at = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  return unusable(at === '' ? 'unexpected contents' : `unexpected contents at ${at}`);
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

export const readPendingJoin = async (file: string): Promise<PendingReading> => {
  try {
    const handle = await open(file, 'r');
    try {
      if ((await handle.stat()).size > MAX_BYTES) return unusable(`larger than ${String(MAX_BYTES)} bytes`);
      return parsePendingJoin(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'none' } : unusable(code);
  }
};

/**
 * Writes the file, whole or not at all, mode 0600, for the owner of its directory: what root leaves behind, the service
 * user takes up.
 *
 * @throws RbError join.pending-unwritable
 */
export const writePendingJoin = async (file: string, pending: PendingJoin): Promise<void> => {
  try {
    await removeLeftovers(file);
    await replaceFile(file, temporaryFor(file), encodePendingJoin(pending), await heirOf(dirname(file)));
  } catch (error) {
    throw rbError('join.pending-unwritable', file, { reason: codeOf(error) }, error);
  }
};

/** With what a crash may have left of a write. Rejects with a system error; that it is gone already is none. */
export const removePendingJoin = async (file: string): Promise<void> => {
  await removeLeftovers(file);
  await rm(file, { force: true });
};
