import { encodeBase64NoPadding } from '@rustbalance/crypto-worker/encoding/base64.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { tomlValue } from '@rustbalance/actors/kernel/config/example.js';
import { encodeRecordFile, recordFileName } from '@rustbalance/actors/election/records/record-file.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { encodeNodeKeyFile } from '@rustbalance/actors/kernel/node-key.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { Ed25519Seed, ExpandedSecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { encodeWireguardKeyFile } from './transport.js';
import type { NewTransport } from './transport.js';

/** What a new node is made of. */
export interface NewNode {
  readonly configDir: string;
  readonly id: string;
  readonly priority: number | undefined;
  readonly target: string;
  readonly transport: NewTransport;
  /** Does it know its cluster by records, in peers/, as whoever is joined and joins does? */
  readonly keepsMembers: boolean;
  readonly stateDir: string | undefined;
  readonly runDir: string | undefined;
  /** Its address, and its key where this node has it. */
  readonly master: { readonly address: OnionAddress; readonly secret: ExpandedSecretKey | null };
  readonly nodeSeed: Ed25519Seed;
  readonly clusterToken: string;
}

/** Names within the configuration directory, the configuration, which names the others, last. */
export const NODE_FILES = {
  masterKey: 'master.key',
  nodeKey: 'node.key',
  clusterToken: 'cluster.token',
  wireguardKey: 'wg_private.key',
  config: 'config.toml',
} as const;

/** The folder of the members that a node is made with. */
export const MEMBERS_FOLDER = 'peers';

export interface NodeFile {
  /** `config.toml`, or a name in one folder: `peers/alpha.pub`. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** 32 random bytes as one word that survives copying. */
export const newClusterToken = (random: Random): string =>
  encodeBase64NoPadding(random.bytes(32)).replaceAll('+', '-').replaceAll('/', '_');

const setting = (key: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [`${key} = ${tomlValue(value)}`];

const endpointSettings = (endpoint: string): readonly string[] => [
  ...setting('endpoint', endpoint),
  ...setting('listen_port', Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))),
];

const transportSections = ({ transport, configDir }: NewNode): readonly string[] => {
  switch (transport.mode) {
    case 'tor':
      return [];
    case 'wireguard':
      return [
        '',
        '[wireguard]',
        ...(transport.endpoint === null ? [] : endpointSettings(transport.endpoint)),
        ...setting('private_key_path', `${configDir}/${NODE_FILES.wireguardKey}`),
      ];
    case 'direct':
      return [
        '',
        '# Each other node gets a block [[direct.peers]] with its id, address and public_key, as its own init printed them.',
        '[direct]',
        ...setting('listen', transport.listen),
      ];
  }
};

/** The configuration of a new node: what must be said, and where the peers go. */
export const newConfig = (node: NewNode): string => {
  const file = (name: string): string => `${node.configDir}/${name}`;
  return [
    '# A node of a RustBalance cluster. docs/configuration.md and ops/config.example.toml list every key.',
    '',
    '[node]',
    ...setting('id', node.id),
    ...setting('priority', node.priority),
    ...setting('key_path', file(NODE_FILES.nodeKey)),
    ...setting('state_dir', node.stateDir),
    ...setting('run_dir', node.runDir),
    '',
    '[master]',
    ...setting('onion_address', `${node.master.address}.onion`),
    ...setting('identity_key_path', node.master.secret === null ? '' : file(NODE_FILES.masterKey)),
    '',
    '[target]',
    ...setting('url', node.target),
    '',
    '[coordination]',
    ...setting('mode', node.transport.mode),
    ...setting('cluster_token_file', file(NODE_FILES.clusterToken)),
    ...setting('members_dir', node.keepsMembers ? file(MEMBERS_FOLDER) : undefined),
    ...transportSections(node),
    '',
  ].join('\n');
};

/** What init would write, before there are keys and records: of a folder, one name stands for any. */
export const fileNames = (node: Pick<NewNode, 'transport' | 'keepsMembers'>): readonly string[] => [
  ...(node.keepsMembers ? [`${MEMBERS_FOLDER}/any`] : []),
  ...Object.values(NODE_FILES).filter(
    (name) => name !== NODE_FILES.wireguardKey || node.transport.mode === 'wireguard',
  ),
];

/** Every file of a new node, all of mode 0600; the configuration last. */
export const nodeFiles = (node: NewNode, records: readonly SignedRecord[]): readonly NodeFile[] => [
  ...records.map((signed) => ({
    name: `${MEMBERS_FOLDER}/${recordFileName(signed.record)}`,
    content: encodeRecordFile(signed),
  })),
  ...(node.master.secret === null
    ? []
    : [
        { name: NODE_FILES.masterKey, content: hiddenServiceFiles(node.master.secret).hs_ed25519_secret_key },
      ]),
  { name: NODE_FILES.nodeKey, content: encodeNodeKeyFile(node.nodeSeed) },
  { name: NODE_FILES.clusterToken, content: `${node.clusterToken}\n` },
  ...(node.transport.mode === 'wireguard'
    ? [{ name: NODE_FILES.wireguardKey, content: encodeWireguardKeyFile(node.transport.privateKey) }]
    : []),
  { name: NODE_FILES.config, content: newConfig(node) },
];
