import type { TokenCommand } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { PassphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type { ActorSystem } from './actor-system.js';
import type {
  ControlAnswer,
  ControlRequest,
  HistoryAnswer,
  InspectAnswer,
  StatusAnswer,
  TokensAnswer,
} from './control-protocol.js';
import { inspectActor } from './inspect.js';
import type { ActorInspections } from './inspect.js';
import type { ProcessHost } from './process-host.js';
import type { Router } from './router.js';
import { drainWord, statusOf } from './status.js';

/** How long an actor may take to say what it is doing before it is shown as unresponsive. */
const DUMP_MS = 1_000;
/** Actors answer these from memory; this is for one that restarts just now. */
const MEMORY_MS = 4_000;

export interface CommandParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly router: Router;
  readonly system: ActorSystem;
  readonly host: ProcessHost;
  /** Monotonic ms. */
  readonly startedAt: number;
}

/** Answers what comes over the control socket; `stop` is only promised here and done once that is said. */
export const answerCommand = async (
  parts: CommandParts,
  request: ControlRequest,
): Promise<ControlAnswer<ControlRequest['command']>> => {
  switch (request.command) {
    case 'status':
      return statusNow(parts);
    case 'inspect':
      return await inspect(parts, request.actor);
    case 'history':
      return await history(parts, request.sinceMs);
    case 'chaos':
      return chaos(parts, request);
    case 'tokens':
      return await tokens(parts, tokenCommandOf(request.do));
    case 'remove':
      return await remove(parts, request.id);
    case 'drain':
      return await drain(parts, request);
    case 'stop':
      return { stopping: true };
  }
};

const uptimeSecs = ({ clock, startedAt }: Pick<CommandParts, 'clock' | 'startedAt'>): number =>
  Number(((clock.monotonicMs() - startedAt) / 1000).toFixed(3));

/** What `status` answers now. */
export const statusNow = (parts: Omit<CommandParts, 'host'>): StatusAnswer => {
  const ready = parts.system.state().phase.at === 'running';
  return statusOf(parts.config, (name) => parts.router.fact(name), { uptimeSecs: uptimeSecs(parts), ready });
};

const inspect = async (parts: CommandParts, only: ActorName | null): Promise<InspectAnswer> => {
  const { system, router, host, clock } = parts;
  const names = only === null ? ACTOR_NAMES : [only];
  const dumps = await Promise.all(names.map((name) => system.dump(name, DUMP_MS)));
  const state = system.state();
  const actors: ActorInspections = {};
  names.forEach((name, index) => {
    const child = state.children.get(name);
    if (child === undefined) return;
    const view = {
      child,
      vitals: system.vitals(name),
      dump: dumps[index] ?? null,
      history: system.history.of(name),
      mailbox: router.depth(name),
    };
    actors[name] = inspectActor(view, clock.monotonicMs());
  });
  const { rss, heapUsed } = process.memoryUsage();
  return {
    supervisor: {
      pid: process.pid,
      uptime_secs: uptimeSecs(parts),
      rss_bytes: rss,
      phase: state.phase.at,
      heap_used_bytes: heapUsed,
      elu: Number(performance.eventLoopUtilization().utilization.toFixed(3)),
    },
    actors,
    children: host.children().map(({ id, pid, exited, startedAtMs }) => ({
      id,
      pid,
      running: exited === null,
      started_at: new Date(startedAtMs).toISOString(),
    })),
  };
};

const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

const history = async ({ router, clock }: CommandParts, sinceMs: number | null): Promise<HistoryAnswer> => {
  const { entries } = await router.request('health.history', { sinceMs }, MEMORY_MS);
  const nowMs = clock.wallMs();
  return {
    entries: entries.map(({ error, startedAtMs, endedAtMs, times, done }) => ({
      error,
      started_at: isoTime(startedAtMs),
      ended_at: endedAtMs === null ? null : isoTime(endedAtMs),
      took_secs: Number((Math.max(0, (endedAtMs ?? nowMs) - startedAtMs) / 1000).toFixed(1)),
      times,
      done: done.map(({ atMs, what }) => ({ at: isoTime(atMs), what })),
    })),
  };
};

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

const tokenCommandOf = (asked: Extract<ControlRequest, { command: 'tokens' }>['do']): TokenCommand => {
  if (asked.action !== 'create') return asked;
  const { seal } = asked;
  return {
    ...asked,
    seal: seal === null ? null : { key: bytesOf(seal.key) as PassphraseKey, salt: bytesOf(seal.salt) },
  };
};

const tokens = async ({ router }: CommandParts, command: TokenCommand): Promise<TokensAnswer> => {
  const { tokens: views, created } = await router.request('election.tokens', command, MEMORY_MS);
  return {
    tokens: views.map(({ id, state, issuer, notAfter, uses, usedBy }) => ({
      id,
      state,
      issuer,
      expires_at: new Date(notAfter * 1000).toISOString(),
      uses,
      used_by: [...usedBy],
    })),
    created,
  };
};

const remove = async ({ router }: CommandParts, id: string): Promise<ControlAnswer<'remove'>> => {
  const { removed } = await router.request('election.remove-member', { id: id as NodeId }, MEMORY_MS);
  if (!removed) throw rbError('member.unknown', 'members', { id });
  return { removed: id };
};

const drain = async (
  { router }: CommandParts,
  { on, timeoutSecs }: Extract<ControlRequest, { command: 'drain' }>,
): Promise<ControlAnswer<'drain'>> => {
  const order = { on, timeoutMs: timeoutSecs * 1000 };
  const { phase, refusal } = await router.request('election.drain', order, MEMORY_MS);
  if (refusal !== null) throw rbError(refusal, 'drain');
  return { draining: drainWord(phase) };
};

const chaos = (
  { config, system }: CommandParts,
  { actor, mode }: Extract<ControlRequest, { command: 'chaos' }>,
): ControlAnswer<'chaos'> => {
  if (!config.chaos.enabled) throw rbError('chaos.disabled', 'chaos.enabled');
  return { actor, generation: system.damage(actor, mode) };
};
