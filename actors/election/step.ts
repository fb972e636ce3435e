import { earlier } from '../kernel/level-trigger.js';
import { judgeClocks, judgeRival } from './cluster-findings.js';
import type { ClusterState, World } from './cluster-state.js';
import type { FactPublisher } from './facts.js';
import { stepDraining } from './draining.js';
import { forgiven } from './failure-detector.js';
import { forgetOldTokens } from './gossip.js';
import { judgePeers, judgingDueMs } from './judging.js';
import { leadingDueMs, leadOrFollow } from './leading.js';
import { tellPeers } from './outbound.js';
import { runProbes } from './probing.js';
import { forgetRoundsWhileIll } from './second-transport.js';
import { gatherMs } from './scale.js';
import { deafMs, doubtAfter, stretchOf } from './self-doubt.js';

/**
 * Does everything that is due: looks at itself, probes, judges the peers, decides about the lease, tells the others
 * and the actors. Returns the monotonic time at which something is due again, or null.
 */
export const electionStep = (
  state: ClusterState,
  world: World,
  tellFacts: FactPublisher,
  nowMs: number,
): number | null => {
  const { probeMs } = state.settings;
  forgetOldTokens(state, world, nowMs);
  tellFacts.members(state, world.clock.wallMs());
  const deaf = state.peers.length === 0 ? 0 : deafMs(state.wakeAtMs, nowMs, probeMs);
  state.doubt = doubtAfter(state.doubt, deaf, nowMs, probeMs);
  if (deaf > 0) {
    for (const peer of state.peers) peer.detection = forgiven(peer.detection, deaf, nowMs);
    world.log.debug('Woke late; time not listened is not held against the peers', { lateMs: deaf });
  }
  const stretch = stretchOf(state.doubt, state.organs);
  forgetRoundsWhileIll(state, stretch);

  let due: number | null = null;
  for (const peer of state.peers) due = earlier(due, runProbes(state, world, peer, nowMs));
  judgePeers(state, world, nowMs, stretch);
  judgeClocks(state, nowMs);
  judgeRival(state, nowMs);
  leadOrFollow(state, world, nowMs, stretch);
  due = earlier(due, stepDraining(state, world, nowMs));
  due = earlier(due, tellPeers(state, world, nowMs));
  due = earlier(due, tellFacts.all(state, nowMs));
  due = earlier(due, judgingDueMs(state, nowMs));
  due = earlier(due, leadingDueMs(state, nowMs, stretch));
  if (due !== null) due = Math.max(due, nowMs + gatherMs(state.settings, state.peers.length));
  state.wakeAtMs = due;
  return due;
};
