import type { StatusAnswer } from './control-protocol.js';

const count = (n: number, what: string): string => `${String(n)} ${what}${n === 1 ? '' : 's'}`;

/** How this node is, in one line for `systemctl status`; no address in it. */
export const statusLine = (status: StatusAnswer): string => {
  if (!status.ready) return 'starting';
  const { node, tor, peers, target, descriptors, findings } = status;
  const torState = tor.state === 'up' ? 'Tor up' : `Tor ${tor.state} (${String(tor.bootstrap)} %)`;
  const live = peers.filter(({ lifecycle }) => lifecycle !== 'dead').length;
  const accepted = descriptors
    .flatMap(({ hsdirs }) => hsdirs)
    .filter((hsdir) => hsdir.status === 'accepted').length;
  return [
    node.role,
    torState,
    node.mode === 'single' ? 'alone' : `${String(live)} of ${count(peers.length, 'peer')}`,
    ...(node.role === 'publisher' ? [`published at ${count(accepted, 'HSDir')}`] : []),
    target.healthy ? 'target healthy' : 'target not healthy',
    ...(findings.length === 0 ? [] : [count(findings.length, 'finding')]),
  ].join(', ');
};
