/**
 * What the repair engine can do, each declared once. The actors mend most of what breaks by themselves, within the
 * grace of the finding; an action comes when that did not help for `graceMs` more.
 */
export interface ActionDeclaration {
  /** From the finding to the first order: what the actor itself does about it must have had its chance. */
  readonly graceMs: number;
  /** Never two orders of one kind for one target within this, whatever the findings do. */
  readonly coolDownMs: number;
  /** The wait after an order that did not help: doubled from the first to the longest. */
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** So many orders within a sliding period; beyond them the escalation begins, and orders come as the period frees them. */
  readonly budget: { readonly times: number; readonly periodMs: number };
  /** A finding must stay away for this long before its return counts as a new one. */
  readonly calmMs: number;
  /** What follows, one after the other, once the budget is spent and nothing helped. */
  readonly escalation: readonly EscalationStep[];
}

/** exit is final: the service manager starts the daemon afresh. */
export type EscalationStep = 'step-down' | 'alert' | 'exit';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Of a file or its mode: it helps at once or not at all. */
const REWRITING: ActionDeclaration = {
  graceMs: 0,
  coolDownMs: 10 * SECOND,
  backoff: { firstMs: 10 * SECOND, longestMs: 10 * MINUTE },
  budget: { times: 5, periodMs: HOUR },
  calmMs: MINUTE,
  escalation: ['alert'],
};

export const ACTIONS = {
  /** A bootstrap without cache takes up to two minutes, over bridges more: sooner, an order would only undo the last one. */
  'restart-tor': {
    graceMs: 30 * SECOND,
    coolDownMs: 150 * SECOND,
    backoff: { firstMs: 150 * SECOND, longestMs: 20 * MINUTE },
    budget: { times: 3, periodMs: 30 * MINUTE },
    calmMs: 5 * MINUTE,
    escalation: ['step-down', 'alert', 'exit'],
  },
  /** The WgActor itself tries every 30 s at the latest. Tor carries meanwhile, so nothing is worth an exit. */
  'rebuild-tunnel': {
    graceMs: 15 * SECOND,
    coolDownMs: 30 * SECOND,
    backoff: { firstMs: 30 * SECOND, longestMs: 5 * MINUTE },
    budget: { times: 4, periodMs: 15 * MINUTE },
    calmMs: 2 * MINUTE,
    escalation: ['alert'],
  },
  /** Each order is an upload to every HSDir, and raises the counter by one. */
  republish: {
    graceMs: 30 * SECOND,
    coolDownMs: MINUTE,
    backoff: { firstMs: MINUTE, longestMs: 10 * MINUTE },
    budget: { times: 4, periodMs: 30 * MINUTE },
    calmMs: 5 * MINUTE,
    escalation: ['step-down', 'alert'],
  },
  /**
   * Cheap, and in vain for a node that is off. The finding about it is alerted by itself, so nothing follows: a peer may be
   * off for days, and every other node would say so each hour.
   */
  'reconnect-peer': {
    graceMs: 20 * SECOND,
    coolDownMs: 30 * SECOND,
    backoff: { firstMs: 30 * SECOND, longestMs: 15 * MINUTE },
    budget: { times: 5, periodMs: HOUR },
    calmMs: 2 * MINUTE,
    escalation: [],
  },
  /**
   * The finding's own grace is a whole take-over and a lease. Never an exit: a new process listens no better, and a managed
   * Tor would end with it, whose introduction points clients still use.
   */
  'reset-election': {
    graceMs: 0,
    coolDownMs: 2 * MINUTE,
    backoff: { firstMs: 2 * MINUTE, longestMs: 10 * MINUTE },
    budget: { times: 2, periodMs: 15 * MINUTE },
    calmMs: 5 * MINUTE,
    escalation: ['alert'],
  },
  /** A restart takes well below a second; the supervisor's own budget (10 in 300 s) stays far away. */
  'restart-actor': {
    graceMs: 5 * SECOND,
    coolDownMs: 10 * SECOND,
    backoff: { firstMs: 10 * SECOND, longestMs: 5 * MINUTE },
    budget: { times: 3, periodMs: 10 * MINUTE },
    calmMs: 2 * MINUTE,
    escalation: ['step-down', 'alert', 'exit'],
  },
  'restore-key': REWRITING,
  'restore-instance': REWRITING,
  'mend-modes': REWRITING,
  /**
   * Another node comes first for a heartbeat timeout (30 s): long enough for it to take the lease. That it keeps it is not left
   * to orders, since their need is gone with the lease, but to what isFitToPublish says.
   */
  'step-down': {
    graceMs: 0,
    coolDownMs: 25 * SECOND,
    backoff: { firstMs: 25 * SECOND, longestMs: 25 * SECOND },
    budget: { times: 40, periodMs: 20 * MINUTE },
    calmMs: MINUTE,
    escalation: ['alert'],
  },
} as const satisfies Readonly<Record<string, ActionDeclaration>>;

export type RepairKind = keyof typeof ACTIONS;

export const isRepairKind = (kind: string): kind is RepairKind => Object.hasOwn(ACTIONS, kind);

/** `target`: the peer, the actor, or the key by its name in the configuration; empty where there is only one. */
export interface RepairAction {
  readonly kind: RepairKind;
  readonly target: string;
}

/** Names an action and its target: what budget and cool-down are counted by. */
export const actionKey = ({ kind, target }: RepairAction): string =>
  target === '' ? kind : `${kind} ${target}`;

export const declarationOf = ({ kind }: RepairAction): ActionDeclaration => ACTIONS[kind];
