import { MAX_TOKEN_USES } from '@rustbalance/actors/election/records/record.js';
import { NODE_ID_PATTERN } from '@rustbalance/actors/kernel/brands.js';
import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import { CATALOGUE } from '@rustbalance/actors/kernel/error-catalogue.js';
import type { ErrorCode, ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import {
  PASSPHRASE_KEY_BYTES,
  PASSPHRASE_SALT_BYTES,
} from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import { z } from 'zod';

/**
 * The control socket speaks JSON lines: one request a connection, one answer, then it closes. Requests and answers
 * are declared here once; server and client derive their types from it.
 */

/** Bytes of a request line. */
export const LONGEST_REQUEST = 64 * 1024;
/** Bytes of an answer line: a dump of six actors is some tens of KiB. */
export const LONGEST_ANSWER = 8 * 1024 * 1024;

/** 30 days: a token is a key to the service, and another is made in a second. */
export const LONGEST_TOKEN_LIFETIME_SECS = 30 * 24 * 3600;

/** A day: whoever has not paused by then never will. */
export const LONGEST_DRAIN_SECS = 24 * 3600;

const drainWord = z.enum(['no', 'draining', 'drained']);

const actorName = z.enum(ACTOR_NAMES);

const base64Of = (length: number) =>
  z
    .string()
    .max(64)
    .refine((text) => {
      const bytes = Buffer.from(text, 'base64');
      return bytes.length === length && bytes.toString('base64') === text;
    });

export const requestSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('status') }),
  z.strictObject({ command: z.literal('inspect'), actor: actorName.nullable() }),
  z.strictObject({
    command: z.literal('history'),
    /** Unix ms; null: all that is remembered. */
    sinceMs: z.number().nonnegative().nullable(),
  }),
  z.strictObject({ command: z.literal('chaos'), actor: actorName, mode: z.enum(CHAOS_MODES) }),
  z.strictObject({
    command: z.literal('tokens'),
    /** What the operator does with join tokens. */
    do: z.discriminatedUnion('action', [
      z.strictObject({
        action: z.literal('create'),
        lifetimeSecs: z.number().int().min(60).max(LONGEST_TOKEN_LIFETIME_SECS),
        uses: z.number().int().min(1).max(MAX_TOKEN_USES),
        /** Nodes that join with it may be given the master key. */
        bringsKey: z.boolean(),
        /** The master key shall be in it, sealed with a key that was made of a passphrase; both base64. */
        seal: z
          .strictObject({ key: base64Of(PASSPHRASE_KEY_BYTES), salt: base64Of(PASSPHRASE_SALT_BYTES) })
          .nullable(),
      }),
      z.strictObject({ action: z.literal('list') }),
      z.strictObject({ action: z.literal('revoke'), id: z.string().regex(/^[0-9a-f]{16}$/) }),
    ]),
  }),
  z.strictObject({ command: z.literal('remove'), id: z.string().regex(NODE_ID_PATTERN) }),
  z.strictObject({
    command: z.literal('drain'),
    /** False: back into service. */
    on: z.boolean(),
    timeoutSecs: z.number().positive().max(LONGEST_DRAIN_SECS),
  }),
  z.strictObject({ command: z.literal('stop') }),
]);

export type ControlRequest = z.infer<typeof requestSchema>;
export type CommandName = ControlRequest['command'];

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(CATALOGUE, code);

const errorSchema: z.ZodType<ErrorData> = z.object({
  code: z.string().refine(isErrorCode, 'unknown error code'),
  what: z.string(),
  where: z.string(),
  action: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

const seconds = z.number();

const hsdirStatus = z.object({
  fingerprint: z.string(),
  status: z.enum(['accepted', 'rejected', 'pending']),
  reason: z.string().nullable(),
});

/** `rustbalance status --json`. Fields may be added, never renamed: scripts read it. */
export const statusSchema = z.object({
  node: z.object({
    id: z.string(),
    role: z.enum(['publisher', 'standby']),
    priority: z.number(),
    /** single: it knows no other node. */
    mode: z.enum(['single', 'multi']),
    uptime_secs: seconds,
    /** drained: it can be stopped without anybody noticing. */
    draining: drainWord,
  }),
  /** How far a drain is; null while the node does not drain. */
  drain: z
    .object({
      /** leaving: on its way out of the descriptor. emptying: out of it everywhere, its circuits go. */
      phase: z.enum(['leaving', 'emptying', 'drained']),
      introduction_circuits: z.number().nullable(),
      rendezvous_circuits: z.number().nullable(),
      /** ISO 8601. */
      until: z.string(),
    })
    .nullable(),
  /** The last drain found no end in time, and the node serves on. */
  drain_failed: z.boolean(),
  publisher: z.string().nullable(),
  peers: z.array(
    z.object({
      id: z.string(),
      lifecycle: z.enum(['joining', 'initializing', 'healthy', 'unhealthy', 'dead']),
      role: z.enum(['publisher', 'standby']),
      priority: z.number(),
      last_seen_secs: seconds.nullable(),
      transport: z.string().nullable(),
      round_trip_ms: z.number().nullable(),
      /** Its clock minus ours, round-trip corrected. */
      clock_offset_secs: z.number().nullable(),
      intro_points: z.number(),
      draining: drainWord,
    }),
  ),
  tor: z.object({
    state: z.string(),
    version: z.string().nullable(),
    bootstrap: z.number(),
    last_error: z.string().nullable(),
    /** With [tor] standby: which Tor is in use, and how the other one is. */
    redundancy: z
      .object({
        in_use: z.enum(['first', 'standby']),
        other: z.object({
          state: z.string(),
          bootstrap: z.number(),
          deaths: z.number(),
          last_error: z.string().nullable(),
        }),
      })
      .nullable(),
  }),
  /** All targets as one: healthy while at least one is. */
  target: z.object({ healthy: z.boolean() }),
  /** In the order of the configuration. */
  targets: z.array(
    z.object({
      state: z.enum(['unknown', 'well', 'down']),
      /** Probes that failed in a row. */
      failures: z.number(),
      reason: z.string().nullable(),
      checked_at: z.string().nullable(),
      /** Requests and raw connections that are under way. */
      outstanding: z.number(),
    }),
  ),
  /** Visits to the master address by this node's own Tor; null where none are made. */
  canary: z
    .object({
      state: z.enum(['unknown', 'well', 'failing']),
      /** In a row. */
      failures: z.number(),
      /** Where the last one broke; null when it did not. */
      step: z
        .enum(['socks', 'descriptor', 'introduction', 'rendezvous', 'unknown', 'proxy', 'target'])
        .nullable(),
      reason: z.string().nullable(),
      /** Who answered it. */
      node: z.string().nullable(),
      took_secs: z.number().nullable(),
      checked_at: z.string().nullable(),
    })
    .nullable(),
  proxy: z.object({
    state: z.string(),
    /** finishing: each connection ends with its request. closed: nobody is accepted. */
    drain: z.enum(['serving', 'finishing', 'closed']),
    open_connections: z.number(),
  }),
  publishing: z.object({ state: z.string(), reason: z.string().nullable() }),
  descriptors: z.array(
    z.object({
      which: z.enum(['first', 'second']),
      time_period: z.number(),
      /** Decimal digits: it may exceed 2^53. */
      revision_counter: z.string(),
      intro_points: z.number(),
      /** What each node brought; a node that brought none is not named. */
      nodes: z.array(z.object({ id: z.string(), intro_points: z.number() })),
      /** ISO 8601; null before the first acceptance. */
      published_at: z.string().nullable(),
      hsdirs: z.array(hsdirStatus),
    }),
  ),
  findings: z.array(z.object({ error: errorSchema, since: z.string() })),
  /** False until every actor has shaken hands. */
  ready: z.boolean(),
});

export type StatusAnswer = z.infer<typeof statusSchema>;

const pastLife = z.object({
  generation: z.number(),
  ended_at: z.string(),
  uptime_secs: seconds.nullable(),
  error: errorSchema.nullable(),
});

const actorInspection = z.object({
  /** The machine's own state; `starting`, `restarting`, `stopping`, `down` or `unresponsive` when it cannot say. */
  state: z.string(),
  generation: z.number(),
  restarts: z.number(),
  uptime_secs: seconds.nullable(),
  /** Messages that wait for it or in it. */
  mailbox: z.number(),
  /** Event-loop utilisation over the last ping interval, 0 to 1. */
  elu: z.number(),
  loop_delay_p99_ms: z.number(),
  heap_used_bytes: z.number().nullable(),
  last_error: errorSchema.nullable(),
  context: z.record(z.string(), z.unknown()),
  /** Its last ends, the newest last. */
  history: z.array(pastLife),
});

/** `rbctl inspect --json`. Fields may be added, never renamed. */
export const inspectSchema = z.object({
  supervisor: z.object({
    pid: z.number(),
    uptime_secs: seconds,
    rss_bytes: z.number(),
    phase: z.enum(['idle', 'booting', 'running', 'stopping', 'ended']),
    heap_used_bytes: z.number(),
    elu: z.number(),
  }),
  actors: z.partialRecord(actorName, actorInspection),
  children: z.array(
    z.object({ id: z.string(), pid: z.number(), running: z.boolean(), started_at: z.string() }),
  ),
});

export type InspectAnswer = z.infer<typeof inspectSchema>;
export type ActorInspection = z.infer<typeof actorInspection>;

/** `rustbalance token … --json`. Fields may be added, never renamed. */
export const tokensSchema = z.object({
  tokens: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['live', 'spent', 'expired', 'revoked']),
      issuer: z.string().nullable(),
      /** ISO 8601. */
      expires_at: z.string(),
      uses: z.number(),
      used_by: z.array(z.string()),
    }),
  ),
  /** The text of a new token: a secret. */
  created: z.string().nullable(),
});

export type TokensAnswer = z.infer<typeof tokensSchema>;

/** `rbctl history --json`. Fields may be added, never renamed. */
export const historySchema = z.object({
  entries: z.array(
    z.object({
      /** What broke. */
      error: errorSchema,
      started_at: z.string(),
      /** Null while it is not well. */
      ended_at: z.string().nullable(),
      /** Until it was well, or until now. */
      took_secs: seconds,
      /** How often it came; a return within ten minutes is the same trouble. */
      times: z.number(),
      /** What was done about it: an action with its target, or a step of an escalation. */
      done: z.array(z.object({ at: z.string(), what: z.string() })),
    }),
  ),
});

export type HistoryAnswer = z.infer<typeof historySchema>;

export const answerSchemas = {
  status: statusSchema,
  inspect: inspectSchema,
  history: historySchema,
  chaos: z.object({ actor: actorName, generation: z.number() }),
  tokens: tokensSchema,
  remove: z.object({ removed: z.string() }),
  drain: z.object({ draining: drainWord }),
  stop: z.object({ stopping: z.literal(true) }),
} as const satisfies Record<CommandName, z.ZodType>;

export type ControlAnswer<C extends CommandName> = z.infer<(typeof answerSchemas)[C]>;

export const responseSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), answer: z.unknown() }),
  z.object({ ok: z.literal(false), error: errorSchema }),
]);

export type ControlResponse =
  { readonly ok: true; readonly answer: unknown } | { readonly ok: false; readonly error: ErrorData };
