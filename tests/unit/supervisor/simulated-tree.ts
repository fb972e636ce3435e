import { PROTOCOL_VERSION } from '@rustbalance/actors/kernel/envelope.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ChildSpec, GroupSpec, SupervisorSpec } from '@rustbalance/supervisor/child-spec.js';
import type { Effect, Report } from '@rustbalance/supervisor/effects.js';
import type { SupervisorEvent } from '@rustbalance/supervisor/events.js';
import { supervisorReducer } from '@rustbalance/supervisor/reducer.js';
import type { State } from '@rustbalance/supervisor/state.js';

/** How a simulated child takes what it is told. */
export type Manner =
  | 'well'
  /** Never shakes hands. */
  | 'slow'
  /** Throws while it starts. */
  | 'broken'
  /** Gives no pong. */
  | 'mute'
  /** Does not stop when asked. */
  | 'deaf'
  /** Does not even end when terminated. */
  | 'immortal';

export const childSpec = (id: string, change: Partial<ChildSpec> = {}): ChildSpec => ({
  id,
  restart: 'permanent',
  startTimeoutMs: 1_000,
  shutdownMs: 500,
  killMs: 200,
  ...change,
});

export const groupSpec = (
  id: string,
  children: readonly ChildSpec[],
  change: Partial<GroupSpec> = {},
): GroupSpec => ({
  id,
  strategy: 'one_for_one',
  intensity: 3,
  periodMs: 60_000,
  backoff: { baseMs: 100, capMs: 1_000, jitter: 0 },
  minUptimeMs: 5_000,
  children,
  ...change,
});

export const treeSpec = (groups: readonly GroupSpec[]): SupervisorSpec => ({
  groups,
  foremost: 0,
  pingIntervalMs: 1_000,
  pingTimeoutMs: 3_000,
});

export const oneForOne = (...ids: readonly string[]): SupervisorSpec =>
  treeSpec(ids.map((id) => groupSpec(id, [childSpec(id)])));

export const restForOne = (...ids: readonly string[]): SupervisorSpec =>
  treeSpec([
    groupSpec(
      'chain',
      ids.map((id) => childSpec(id)),
      { strategy: 'rest_for_one' },
    ),
  ]);

/** Supervision under a clock that moves only when told, over threads that answer at once in their manner. */
export class SimulatedTree {
  readonly effects: Effect[] = [];
  readonly manners = new Map<string, Manner>();
  /** Threads that live: id → generations. More than one is the fault that must never be. */
  readonly threads = new Map<string, Set<number>>();
  state: State;
  now = 0;
  readonly #reducer;
  readonly #uniform: number;

  constructor(spec: SupervisorSpec, uniform = 0.5) {
    this.#reducer = supervisorReducer(spec);
    this.state = this.#reducer.initial;
    this.#uniform = uniform;
  }

  static booted(spec: SupervisorSpec): SimulatedTree {
    const tree = new SimulatedTree(spec);
    tree.dispatch({ kind: 'boot' });
    return tree;
  }

  dispatch(event: SupervisorEvent): void {
    const { state, effects } = this.#reducer.reduce(this.state, event, {
      monotonicMs: this.now,
      uniform: this.#uniform,
    });
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) this.#perform(effect);
  }

  /** Lets time pass, with every tick on time. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.#reducer.nextDue(this.state);
      if (due === null || due > end) break;
      this.now = Math.max(this.now, due);
      this.dispatch({ kind: 'tick' });
    }
    this.now = end;
  }

  /** Lets time pass while this loop is blocked: one tick, late. */
  stall(ms: number): void {
    this.now += ms;
    this.dispatch({ kind: 'tick' });
  }

  crash(id: string, message = 'boom'): void {
    const generation = this.generation(id);
    const error = errorData('actor.crashed', id, { actor: id, message });
    this.dispatch({ kind: 'failing', id, generation, error });
    this.exit(id, generation, 1);
  }

  exit(id: string, generation: number, code: number): void {
    this.threads.get(id)?.delete(generation);
    this.dispatch({ kind: 'exited', id, generation, code });
  }

  ready(id: string): void {
    this.dispatch({ kind: 'ready', id, generation: this.generation(id), version: PROTOCOL_VERSION });
  }

  generation(id: string): number {
    return this.state.children.get(id)!.generation;
  }

  at(id: string): string {
    return this.state.children.get(id)!.life.at;
  }

  lives(): Record<string, string> {
    return Object.fromEntries([...this.state.children].map(([id, { life }]) => [id, life.at]));
  }

  /** Effects on children as `kind id#generation`, in order. */
  deeds(): string[] {
    return this.effects.flatMap((effect) =>
      'id' in effect && effect.kind !== 'ping'
        ? [`${effect.kind} ${effect.id}#${String(effect.generation)}`]
        : [],
    );
  }

  /** Why children were asked to stop, as `id reason`, in order. */
  stopReasons(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'ask-stop' ? [`${effect.id} ${effect.reason}`] : [],
    );
  }

  deedsSince(length: number): string[] {
    return this.deeds().slice(length);
  }

  reports(kind?: Report['kind']): Report[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'report' && (kind === undefined || effect.report.kind === kind) ? [effect.report] : [],
    );
  }

  end(): { code: number; forced: boolean } | null {
    const end = this.effects.find((effect) => effect.kind === 'end');
    return end === undefined ? null : { code: end.code, forced: end.forced };
  }

  liveThreads(): string[] {
    return [...this.threads].flatMap(([id, generations]) =>
      [...generations].map((g) => `${id}#${String(g)}`),
    );
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'load': {
        const generations = this.threads.get(effect.id) ?? new Set();
        this.threads.set(effect.id, generations.add(effect.generation));
        return;
      }
      case 'begin':
        this.#start(effect.id, effect.generation);
        return;
      case 'ask-stop':
        if (this.#is(effect.id, 'deaf', 'immortal')) return;
        this.dispatch({ kind: 'finished', id: effect.id, generation: effect.generation });
        this.exit(effect.id, effect.generation, 0);
        return;
      case 'terminate':
        if (!this.#is(effect.id, 'immortal')) this.exit(effect.id, effect.generation, 1);
        return;
      case 'ping':
        if (this.#is(effect.id, 'mute')) return;
        this.dispatch({ kind: 'pong', id: effect.id, generation: effect.generation, alive: true });
        return;
      case 'report':
      case 'all-ready':
      case 'end':
        return;
    }
  }

  #start(id: string, generation: number): void {
    if (this.#is(id, 'slow')) return;
    if (this.#is(id, 'broken')) this.crash(id);
    else this.dispatch({ kind: 'ready', id, generation, version: PROTOCOL_VERSION });
  }

  #is(id: string, ...manners: readonly Manner[]): boolean {
    return manners.includes(this.manners.get(id) ?? 'well');
  }
}
