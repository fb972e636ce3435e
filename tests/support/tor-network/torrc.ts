import { dirAuthorityLine, type AuthorityIdentity } from './authority-keys.js';

/**
 * How clients and services of the network behave. `testing`: time periods and shared random values turn every 24
 * voting intervals. `production`: as on the public network (periods of a day, introduction points that live for
 * hours), which needs a voting interval of 300 s.
 */
export type NetworkBehaviour = 'testing' | 'production';

// What TestingTorNetwork would have set and a network on one machine cannot do without.
const ON_ONE_MACHINE = ['ExtendAllowPrivateAddresses 1', 'ClientRejectInternalAddresses 0'];

/** What every Tor of the network has in its torrc, clients and services included. */
export const commonTorrc = (
  authorities: readonly AuthorityIdentity[],
  behaviour: NetworkBehaviour,
): string[] => [
  ...(behaviour === 'testing' ? ['TestingTorNetwork 1'] : ON_ONE_MACHINE),
  ...authorities.map(dirAuthorityLine),
  'PathsNeededToBuildCircuits 0.67',
  'EnforceDistinctSubnets 0',
  'ShutdownWaitLength 0',
  // Measured on tor 0.4.9.11: Debian's country tables cost each Tor 35 MB and 0.2 s of CPU at start.
  'GeoIPFile /dev/null',
  'GeoIPv6File /dev/null',
];

// A relay hands a consensus out for no longer than it keeps it for differences, so this must outlast the time to the
// next one. At one second, clients were often answered 404, paused longer each time, and one stood still for minutes.
const CONSENSUSES_KEPT = 2;

/** Lines of a relay, authorities included. */
export const relayTorrc = (
  { nickname, address, orPort }: Pick<AuthorityIdentity, 'nickname' | 'address' | 'orPort'>,
  votingIntervalSecs: number,
): string[] => [
  `Nickname ${nickname}`,
  `Address ${address}`,
  `ORPort ${address}:${String(orPort)} IPv4Only`,
  'SocksPort 0',
  'ExitPolicy reject *:*',
  'ContactInfo private-network@invalid',
  'AssumeReachable 1',
  'NumCPUs 1',
  // A relay keeps each consensus and computes, with every compression that it knows, the difference to it from every
  // newer one: at a consensus every 10 s that is quadratic work, and LZMA clears 64 MiB for each. Measured with 15
  // relays on two cores: without this, all relays compute all the time from the fourth minute on (load 60).
  `MaxConsensusAgeForDiffs ${String(CONSENSUSES_KEPT * votingIntervalSecs)} seconds`,
  // Self-measured bandwidths of a few seconds' traffic differ a hundredfold and would concentrate circuits and
  // introduction points on some relays; unreported, all relays weigh the same.
  'TestingMinTimeToReportBandwidth 1 day',
];

/** Lines of a directory authority beside those of a relay. */
export const authorityTorrc = (
  { address, dirPort }: Pick<AuthorityIdentity, 'address' | 'dirPort'>,
  {
    votingIntervalSecs,
    consensusParams,
  }: { votingIntervalSecs: number; consensusParams: Readonly<Record<string, number>> },
): string[] => [
  'AuthoritativeDirectory 1',
  'V3AuthoritativeDirectory 1',
  `DirPort ${address}:${String(dirPort)} IPv4Only`,
  `V3AuthVotingInterval ${String(votingIntervalSecs)} seconds`,
  'V3AuthVoteDelay 2 seconds',
  'V3AuthDistDelay 2 seconds',
  'V3AuthNIntervalsValid 2',
  // Until there is a consensus: a try every 5 s, the shortest that Tor takes.
  'TestingV3AuthInitialVotingInterval 5 seconds',
  'TestingV3AuthInitialVoteDelay 2 seconds',
  'TestingV3AuthInitialDistDelay 2 seconds',
  'TestingDirAuthVoteHSDir *',
  'TestingDirAuthVoteGuard *',
  'TestingMinExitFlagThreshold 0',
  'AuthDirTestReachability 0',
  ...consensusParamsLine(consensusParams),
];

const consensusParamsLine = (params: Readonly<Record<string, number>>): string[] => {
  const pairs = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`);
  return pairs.length === 0 ? [] : [`ConsensusParams ${pairs.join(' ')}`];
};
