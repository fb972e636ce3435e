import type { ErrorCode } from '../../kernel/errors.js';
import type { Finding } from '../messages.js';
import type { RepairAction } from './actions.js';

/** What of this node's own state decides whether an action makes sense. */
export interface Circumstances {
  readonly isPublisher: boolean;
  readonly hasPeers: boolean;
  /** Without it this node can never publish, however its election goes. */
  readonly hasMasterKey: boolean;
  /** The clock is good enough to sign with. */
  readonly maySign: boolean;
}

/** A finding for which something can be done. */
export interface Need {
  readonly finding: Finding;
  readonly action: RepairAction;
}

type Diagnose = (finding: Finding, circumstances: Circumstances) => RepairAction | null;

const always =
  (kind: RepairAction['kind'], target = ''): Diagnose =>
  () => ({ kind, target });

/** With nobody to take over, and nothing to give back, stepping down is an empty word. */
const stepDown: Diagnose = (_finding, { isPublisher, hasPeers }) =>
  isPublisher && hasPeers ? { kind: 'step-down', target: '' } : null;

/**
 * Where no relay is reached, another Tor reaches none either, and would lose what this one has cached of circuits; one that
 * keeps us out, or lacks lines in its torrc, does so after a restart too. A first bootstrap over bridges takes ten minutes:
 * whether one still moves the TorActor watches (StallWatch) and says by its trouble.
 */
const restartTor: Diagnose = ({ error: { detail } }) => {
  const { state, trouble } = detail;
  if (trouble === 'no-network' || trouble === 'refused' || state === 'configuring') return null;
  if (state === 'bootstrapping' && trouble === 'none') return null;
  return { kind: 'restart-tor', target: '' };
};

/**
 * What is done about which finding. A code that is not here is for people: the alert is all that follows. Publishing that
 * waits or is withheld has a reason that no upload takes away; only what is half done is done again.
 */
const DIAGNOSES: Partial<Record<ErrorCode, Diagnose>> = {
  'health.tor-down': restartTor,
  'health.tor-trouble': restartTor,
  'health.tunnel-down': always('rebuild-tunnel'),
  'health.transport-down': always('restart-actor', 'wg'),
  'health.publisher-degraded': ({ error }) =>
    error.detail['state'] === 'degraded' ? { kind: 'republish', target: '' } : null,
  // Whoever may not publish has nothing to win by listening anew: it serves on until a holder of the key is back.
  'health.no-publisher': (_finding, { hasMasterKey }) =>
    hasMasterKey ? { kind: 'reset-election', target: '' } : null,
  'health.proxy-down': always('restart-actor', 'proxy'),
  'health.proxy-unreachable': always('restart-actor', 'proxy'),
  'health.peer-dead': ({ error }) => ({
    kind: 'reconnect-peer',
    target: String(error.detail['peer'] ?? ''),
  }),
  // What stands is not what we published, or its points are dead: whoever publishes does it again.
  'health.canary-failed': ({ error }, { isPublisher }) =>
    isPublisher && /^(?:descriptor|introduction)$/.test(String(error.detail['step']))
      ? { kind: 'republish', target: '' }
      : null,
  'health.clock-behind': stepDown,
  'health.clock-ahead': stepDown,
  'health.own-clock-wrong': stepDown,
  // With require_ntp_sync, after a start: whoever waits to be allowed to sign holds the lease for nothing.
  'health.clock-unsynchronised': (finding, circumstances) =>
    circumstances.maySign ? null : stepDown(finding, circumstances),
  'health.memory-critical': stepDown,
  'health.master-key-file': ({ error }) =>
    error.detail['mendable'] === true ? { kind: 'restore-key', target: '' } : null,
  'health.key-file': ({ error }) =>
    error.detail['state'] === 'unreadable'
      ? null
      : { kind: 'restore-key', target: String(error.detail['key']) },
  'health.instance-files': always('restore-instance'),
  'health.mode-too-open': ({ error }) =>
    error.detail['mendable'] === true ? { kind: 'mend-modes', target: '' } : null,
};

/** What can be done about what was found; findings without a cure are left out. */
export const diagnose = (findings: readonly Finding[], circumstances: Circumstances): readonly Need[] =>
  findings.flatMap((finding) => {
    const action = DIAGNOSES[finding.error.code]?.(finding, circumstances) ?? null;
    return action === null ? [] : [{ finding, action }];
  });

/**
 * Whether nothing that was found would have a publisher step down. An order lasts for a moment, and its need is gone with the
 * lease: this is what keeps the lease away for as long as the reason for it is there.
 */
export const isFitToPublish = (findings: readonly Finding[], circumstances: Circumstances): boolean =>
  !diagnose(findings, { ...circumstances, isPublisher: true, hasPeers: true }).some(
    ({ action }) => action.kind === 'step-down',
  );
