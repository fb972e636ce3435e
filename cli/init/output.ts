import { FIRST_TOKEN_HOURS, FIRST_TOKEN_USES } from './first-member.js';
import type { NewTransport, TransportName } from './transport.js';

/** What `init --json` prints: scripts rely on these names. Null stands for what the node does not have. */
export interface InitOutput {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly config_path: string;
  readonly master_key_path: string;
  readonly cluster_token_path: string;
  readonly transport: TransportName;
  readonly members_dir: string | null;
  readonly wireguard_public_key: string | null;
  readonly wireguard_endpoint: string | null;
  /** A secret. */
  readonly join_token: string | null;
}

const peerBlock = (output: InitOutput, listen: string): readonly string[] => [
  '',
  'For the config.toml of every other node that is made by hand:',
  '',
  '  [[direct.peers]]',
  `  id = "${output.node_id}"`,
  `  address = "${listen}"`,
  `  public_key = "${output.node_public_key}"`,
  '',
  'Such a node needs copies of the master key and the cluster token. Run there:',
  '',
  '  rustbalance init --import-key master.key --cluster-token-file cluster.token --target … --listen …',
];

const joining = (token: string | null): readonly string[] =>
  token === null
    ? []
    : [
        '',
        `Join token: lets ${String(FIRST_TOKEN_USES)} nodes in within ${String(FIRST_TOKEN_HOURS)} hours, and whoever has it. Run rustbalance join on each and give it this on standard input:`,
        '',
        token,
      ];

const reach = (transport: NewTransport): string => {
  switch (transport.mode) {
    case 'tor':
      return 'Tor: no node learns the address of another';
    case 'wireguard':
      return `WireGuard at ${transport.endpoint ?? 'no address'} (UDP)`;
    case 'direct':
      return `UDP${transport.listen === undefined ? ', not listening' : ` at ${transport.listen}`}`;
  }
};

/** How init ends for people. */
export const initSummary = (output: InitOutput, transport: NewTransport, isImported: boolean): string =>
  [
    `Onion address  ${output.onion_address}${isImported ? '' : ' (new)'}`,
    `Node           ${output.node_id}`,
    `Reached by     ${reach(transport)}`,
    `Configuration  ${output.config_path}`,
    `Master key     ${output.master_key_path}  (whoever has it is the service: keep a copy offline)`,
    `Cluster token  ${output.cluster_token_path}`,
    ...joining(output.join_token),
    ...(transport.mode === 'direct' && transport.listen !== undefined
      ? peerBlock(output, transport.listen)
      : []),
    '',
    '',
  ].join('\n');
