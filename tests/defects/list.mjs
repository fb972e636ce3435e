// Defects that were or could have been in this code, each as one replacement in one file, with the tests that must see it.
// `find` stands exactly once in the file; when the code moves on, `npm run defects` says which entry has to follow.

/**
 * @typedef {object} Defect
 * @property {string} harm what an operator or a visitor would suffer
 * @property {string} file
 * @property {string} find
 * @property {string} put
 * @property {readonly string[]} tests files of the unit tier, as few as see it; at least one test of them must fail
 */

/** @type {readonly Defect[]} */
export const DEFECTS = [
  {
    harm: 'the revision counter falls when a peer tells an older one: every HSDir refuses the descriptor',
    file: 'actors/publisher/counter-fence.ts',
    find: 'Math.max(n, result.get(timePeriod) ?? 0)',
    put: 'n',
    tests: ['tests/unit/publisher/parts.test.ts'],
  },
  {
    harm: 'what peers used of the counters is ignored: a take-over is refused by every HSDir',
    file: 'actors/publisher/counters.ts',
    find: 'this.raise(seen.filter(({ n }) => n <= FURTHEST_BELIEVED));',
    put: 'this.raise(seen.slice(seen.length));',
    tests: ['tests/unit/publisher/publication.test.ts'],
  },
  {
    harm: 'one member names an absurd counter, and nobody can publish any more',
    file: 'actors/publisher/counters.ts',
    find: 'this.raise(seen.filter(({ n }) => n <= FURTHEST_BELIEVED));',
    put: 'this.raise(seen);',
    tests: ['tests/unit/publisher/publication.test.ts'],
  },
  {
    harm: 'an upload without an answer is waited for for ever: that HSDir never gets the descriptor',
    file: 'actors/publisher/slot.ts',
    find: 'row.inFlight !== null && nowMs >= row.inFlight.untilMs',
    put: 'row.inFlight !== null && nowMs < 0',
    tests: ['tests/unit/publisher/publication.test.ts'],
  },
  {
    harm: 'an HSDir that lost the descriptor is not given it again',
    file: 'actors/publisher/slot.ts',
    find: 'if (row.held !== null) return { ...row, held: null, failures: 0, notBeforeMs: 0, reason };',
    put: 'if (row.held !== null) return { ...row, reason };',
    tests: ['tests/unit/publisher/publication.test.ts'],
  },
  {
    harm: 'two uploads are in flight to one HSDir, and an answer is taken for that of the other descriptor',
    file: 'actors/publisher/uploads-due.ts',
    find: 'const busy = new Set([...orphaned.keys(), ...inFlight.map((row) => row.fingerprint)]);',
    put: 'const busy = new Set([...orphaned.keys(), ...inFlight.slice(inFlight.length).map((row) => row.fingerprint)]);',
    tests: ['tests/unit/publisher/publication.test.ts'],
  },
  {
    harm: 'a dead node stays in the descriptor, and its share of the visitors waits in vain',
    file: 'actors/election/judging.ts',
    find: 'peer.inbox = EMPTY_INBOX;',
    put: 'peer.toldMisses = 0;',
    tests: ['tests/unit/cluster/life-of-a-cluster.test.ts'],
  },
  {
    harm: 'mere silence removes a node at once: a lost packet or two cost it its visitors',
    file: 'actors/election/judging.ts',
    find: 'const graceMs = judgement.agreed ? 0 : state.settings.removalGraceMs;',
    put: 'const graceMs = 0;',
    tests: ['tests/unit/cluster/take-over.test.ts'],
  },
  {
    harm: 'after a partition the poorer publisher prevails: half of the nodes fall out of the descriptor',
    file: 'actors/election/lease.ts',
    find: 'return a.visiblePoints > b.visiblePoints;',
    put: 'return a.visiblePoints < b.visiblePoints;',
    tests: ['tests/unit/election/lease.test.ts'],
  },
  {
    harm: 'a node without the master key claims the lease, and nobody publishes',
    file: 'actors/election/lease.ts',
    find: "  if (!view.self.hasKey) return standBy('this node has no master key');\n",
    put: '',
    tests: ['tests/unit/election/lease.test.ts'],
  },
  {
    harm: 'whoever recorded a datagram can play it again',
    file: 'actors/election/wire/replay-window.ts',
    find: '& maskOf(sequence)) === 0;',
    put: '& 0) === 0;',
    tests: ['tests/unit/election/replay-window.test.ts'],
  },
  {
    harm: 'an actor that fails again and again is restarted for ever, and systemd never hears of it',
    file: 'supervisor/restart-window.ts',
    find: 'now - time <= periodMs',
    put: 'now - time > periodMs',
    tests: ['tests/unit/supervisor/intensity.test.ts'],
  },
  {
    harm: 'descriptors are signed by a clock that is judged wrong',
    file: 'actors/health/conditions/clock.ts',
    find: 'if (network !== null && clockFault(wallMs, network) !== null) return false;',
    put: 'if (network !== null && wallMs < 0) return false;',
    tests: ['tests/unit/health/health.test.ts'],
  },
  {
    harm: 'a repair that does not help is ordered for ever, as fast as its back-off allows, and nobody is told',
    file: 'actors/health/repair/engine.ts',
    find: 'spent.length < budget.times ? null',
    put: 'spent.length < Infinity ? null',
    tests: ['tests/unit/health/repair-engine.test.ts'],
  },
  {
    harm: 'a fault that comes and goes has its repair ordered each time at once',
    file: 'actors/health/repair/engine.ts',
    find: ': { ...known, quietSinceMs: null, neededSinceMs: nowMs };',
    put: ': opened(action, nowMs - 3_600_000);',
    tests: ['tests/unit/health/repair-engine.test.ts'],
  },
  {
    harm: 'a daemon that cannot mend a fault ends itself again and again for it',
    file: 'actors/health/repair/repairer.ts',
    find: 'return last === null || Math.abs(wallMs - last) >= BETWEEN_EXITS_MS;',
    put: 'return last === null || wallMs >= 0;',
    tests: ['tests/unit/health/repairs.test.ts'],
  },
  {
    harm: 'alerts carry the onion address out of the machine',
    file: 'actors/health/alerts/payload.ts',
    find: "text.replace(/[a-z2-7]{52,56}(\\.onion)?/g, '….onion');",
    put: 'text.trim();',
    tests: ['tests/unit/health/alerting.test.ts'],
  },
  {
    harm: 'the master key that an operator put there is overwritten by the old one from memory',
    file: 'actors/publisher/key-file.ts',
    find: "if (state !== 'missing' && state !== 'damaged') return;",
    put: "if (state === 'good') return;",
    tests: ['tests/unit/publisher/key-file.test.ts'],
  },
  {
    harm: 'a backup hides that the master key file is open to everybody',
    file: 'actors/kernel/config/secrets-files.ts',
    find: "code === 'secret.bad-master-key' ||",
    put: "code !== 'secret.foreign-master-key' ||",
    tests: ['tests/unit/config/secrets.test.ts'],
  },
  {
    harm: 'a Tor that keeps dying is started again without a pause, and takes the machine from the others',
    file: 'actors/tor/restart-policy.ts',
    find: '?? SLOW_RETRY_MS;',
    put: '?? 0;',
    tests: ['tests/unit/tor/restart-policy.test.ts'],
  },
  {
    harm: 'a Tor that hangs is never doubted, and clients that draw it wait for minutes',
    file: 'actors/tor/answer-watch.ts',
    find: 'doubted: ticks >= DOUBTED_TICKS,',
    put: 'doubted: ticks < 0,',
    tests: ['tests/unit/tor/answer-watch.test.ts'],
  },
  {
    harm: 'a machine without a network kills its Tor again and again',
    file: 'actors/tor/stall-watch.ts',
    find: 'if (!reaches) {',
    put: 'if (session < 0) {',
    tests: ['tests/unit/tor/stall-watch.test.ts'],
  },
  {
    harm: 'an attacker who floods introduction points makes the publisher upload as fast as it can',
    file: 'actors/publisher/emergency-budget.ts',
    find: 'oldest === undefined ? soonest : Math.max(soonest, oldest + EMERGENCY_WINDOW_MS);',
    put: 'oldest === undefined ? soonest : Math.max(soonest, oldest);',
    tests: ['tests/unit/publisher/self-repair.test.ts'],
  },
  {
    harm: 'points of a relay that left the consensus stay in the descriptor',
    file: 'actors/publisher/contributions.ts',
    find: 'relayByFingerprint(relays, relay.fingerprint)?.running === true;',
    put: 'relayByFingerprint(relays, relay.fingerprint)?.running !== undefined || relays.count > 0;',
    tests: ['tests/unit/publisher/self-repair.test.ts'],
  },
  {
    harm: 'a damaged state file is read again at every start, and every start warns of it',
    file: 'actors/kernel/state-file.ts',
    find: 'await rename(path, aside).catch(() => undefined);',
    put: 'await Promise.resolve(aside);',
    tests: ['tests/unit/kernel/state-file.test.ts'],
  },
  {
    harm: 'one node gets all of the introduction points, and with them all of the visitors',
    file: 'crypto-worker/merge.ts',
    find: 'hungry = hungry.filter((node) => assigned.size < limit && giveOneMore(node, assigned, new Set()));',
    put: 'hungry = hungry.slice(0, 1).filter((node) => assigned.size < limit && giveOneMore(node, assigned, new Set()));',
    tests: ['tests/unit/crypto-worker/merge.test.ts'],
  },
  {
    harm: 'the machine gets another address, and clients are sent to dead introduction points for a quarter of an hour',
    file: 'actors/tor/address-watch.ts',
    find: 'const isLost = !holdsAll(now, this.#used);',
    put: 'const isLost = now.size === 0 && this.#used.size === 0;',
    tests: ['tests/unit/tor/address-watch.test.ts'],
  },
  {
    harm: 'a rolling upgrade wakes people up: each drained node that is stopped is an alert',
    file: 'actors/health/conditions/election.ts',
    find: ".filter(({ draining }) => draining !== 'drained')",
    put: '.filter(({ id }) => id.length > 0)',
    tests: ['tests/unit/health/out-of-service.test.ts'],
  },
  {
    harm: 'a new node key that an operator put there is overwritten by the old one from memory',
    file: 'actors/wg/key-files.ts',
    find: "return read(bytes) === null ? { key, path, state: 'damaged', reason: 'no valid content' } : null;",
    put: "return { key, path, state: read(bytes) === null ? 'damaged' : 'missing', reason: 'no valid content' };",
    tests: ['tests/unit/wg/key-files.test.ts'],
  },
];
