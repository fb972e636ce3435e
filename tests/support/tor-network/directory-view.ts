import { parseConsensus, type ConsensusView } from './consensus.js';
import type { TorProcess } from './tor-process.js';

/** The microdescriptor consensus that this Tor uses. @throws while it has none */
export const consensusOf = async (tor: TorProcess): Promise<ConsensusView> =>
  parseConsensus(await (await tor.control()).getInfo('dir/status-vote/current/consensus-microdesc'));

/** How many microdescriptors this Tor knows. */
export const countMicrodescriptors = async (tor: TorProcess): Promise<number> =>
  (await (await tor.control()).getInfo('md/all')).split('\n').filter((line) => line === 'onion-key').length;

/** Whether this Tor has microdescriptors for its whole consensus: only then are its rings right. */
export const hasWholeDirectory = async (tor: TorProcess): Promise<boolean> =>
  (await countMicrodescriptors(tor)) >= (await consensusOf(tor)).relays.length;
