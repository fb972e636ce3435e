import type { SupervisorSpec } from './child-spec.js';
import { nextDue } from './due.js';
import { layoutOf } from './layout.js';
import type { Child, State } from './state.js';

/** Since when each child has been at something that must end by itself. */
export type Watch = ReadonlyMap<string, { readonly stage: string; readonly sinceMs: number }>;

export interface Verdict {
  readonly watch: Watch;
  /** What hangs although the supervisor should have ended it; null when all goes its way. */
  readonly stuck: string | null;
}

export const NOTHING_WATCHED: Watch = new Map();

/** The same watch, with so much time that is held against nobody. */
export const forgiving = (watch: Watch, ms: number): Watch =>
  new Map([...watch].map(([id, { stage, sinceMs }]) => [id, { stage, sinceMs: sinceMs + ms }]));

/**
 * Added to every deadline. The supervisor acts within milliseconds of one; a machine that swaps or sleeps for a moment
 * must not cost a restart. What hangs for ever is found this much later.
 */
const GRACE_MS = 5_000;

interface Stage {
  /** Changes with every step forward. */
  readonly name: string;
  readonly limitMs: number;
}

type ChildLimits = Readonly<
  Record<'startTimeoutMs' | 'shutdownMs' | 'killMs' | 'bootMs' | 'restartMs', number>
>;

/** What a child is at; null when it may stay so for ever. */
const stageOf = (child: Child, limits: ChildLimits, pingTimeoutMs: number): Stage | null => {
  const { life, generation, gone } = child;
  const name = (step: string): string => `${String(generation)} ${step}`;
  switch (life.at) {
    case 'down':
      return gone || generation === 0 ? null : { name: name('down'), limitMs: limits.restartMs };
    case 'loading':
      return { name: name('loading'), limitMs: limits.bootMs };
    case 'starting':
      return { name: name('starting'), limitMs: limits.startTimeoutMs };
    case 'up':
      // Only a pong moves nextPingAt, while a ping's own time is forgiven when the supervisor itself was late.
      return life.pingedAt === null
        ? null
        : { name: name(`pinged ${String(life.nextPingAt)}`), limitMs: pingTimeoutMs };
    case 'ending':
      return {
        name: name(life.step),
        limitMs: life.step === 'asked' ? limits.shutdownMs : limits.killMs,
      };
  }
};

/**
 * Judges the reducer's state for the service manager's watchdog: does the queue move, and is no child at anything for
 * longer than the supervisor lets it? The supervisor's own means come first, and their deadlines lie far below the
 * manager's: this finds what they cannot end.
 *
 * @param before the watch that the last judgement left
 */
export const watchdogVerdict = (
  spec: SupervisorSpec,
  state: State,
  before: Watch,
  nowMs: number,
): Verdict => {
  const layout = layoutOf(spec);
  const watch = new Map<string, { readonly stage: string; readonly sinceMs: number }>();
  const { phase } = state;
  if (phase.at === 'idle') return { watch, stuck: null };
  if (phase.at === 'ended') return { watch, stuck: 'the process has not ended' };
  const bootMs = layout.places.reduce((sum, { spec: child }) => sum + child.startTimeoutMs, 0);
  let stuck: string | null = null;
  for (const { spec: child, group } of layout.places) {
    const now = state.children.get(child.id);
    if (now === undefined) continue;
    const restartMs = group.backoff.capMs * (1 + group.backoff.jitter);
    const stage = stageOf(now, { ...child, bootMs, restartMs }, spec.pingTimeoutMs);
    if (stage === null) continue;
    // While all are stopped, those that have ended wait for the others.
    if (now.life.at === 'down' && phase.at !== 'running') continue;
    const known = before.get(child.id);
    const sinceMs = known?.stage === stage.name ? known.sinceMs : nowMs;
    watch.set(child.id, { stage: stage.name, sinceMs });
    if (nowMs - sinceMs > stage.limitMs + GRACE_MS)
      stuck ??= `the ${child.id} actor is stuck (${now.life.at})`;
  }
  const due = nextDue(spec, layout, state);
  if (due !== null && nowMs - due > GRACE_MS) stuck ??= 'the supervisor does not do what is due';
  return { watch, stuck };
};
