import type { Layout } from './layout.js';
import type { SupervisorSpec } from './child-spec.js';
import type { Life, State } from './state.js';

const dueOfLife = (life: Life, spec: SupervisorSpec, stopping: boolean): number | null => {
  switch (life.at) {
    case 'down':
    case 'loading':
      return null;
    case 'starting':
    case 'ending':
      return life.deadline;
    case 'up':
      if (stopping) return null;
      return life.pingedAt === null ? life.nextPingAt : life.pingedAt + spec.pingTimeoutMs;
  }
};

/** When the next `tick` is due on the monotonic clock, or null when only an event from outside matters. */
export const nextDue = (spec: SupervisorSpec, layout: Layout, state: State): number | null => {
  const { phase } = state;
  if (phase.at === 'idle' || phase.at === 'ended') return null;
  const due: number[] = [];
  for (const { life } of state.children.values()) {
    const at = dueOfLife(life, spec, phase.at === 'stopping');
    if (at !== null) due.push(at);
  }
  if (phase.at === 'running') {
    state.plans.forEach((plan, unit) => {
      const next = plan === null || plan.clearing ? undefined : layout.units[unit]?.children[plan.next];
      const waiting = next !== undefined && state.children.get(next.id)?.life.at === 'down';
      if (plan !== null && waiting) due.push(plan.dueAt);
    });
  }
  return due.length === 0 ? null : Math.min(...due);
};
