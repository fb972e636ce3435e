import { encodeBase64NoPadding } from '@rustbalance/crypto-worker/encoding/base64.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import { tomlValue } from '@rustbalance/actors/kernel/config/example.js';
import { encodeNodeKeyFile } from '@rustbalance/actors/kernel/node-key.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';

/** What a new node is made of. */
export interface NewNode {
  readonly configDir: string;
  readonly id: string;
  readonly priority: number | undefined;
  readonly target: string;
  readonly listen: string | undefined;
  readonly stateDir: string | undefined;
  readonly runDir: string | undefined;
  readonly master: IdentityKeys;
  readonly nodeSeed: Ed25519Seed;
  readonly clusterToken: string;
}

/** Names within the configuration directory, in the order in which they appear: the configuration comes last. */
export const NODE_FILES = {
  masterKey: 'master.key',
  nodeKey: 'node.key',
  clusterToken: 'cluster.token',
  config: 'config.toml',
} as const;

export interface NodeFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** 32 random bytes as one word that survives copying. */
export const newClusterToken = (random: Random): string =>
  encodeBase64NoPadding(random.bytes(32)).replaceAll('+', '-').replaceAll('/', '_');

const setting = (key: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [`${key} = ${tomlValue(value)}`];

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
    ...setting('identity_key_path', file(NODE_FILES.masterKey)),
    '',
    '[target]',
    ...setting('url', node.target),
    '',
    '[coordination]',
    ...setting('mode', 'direct'),
    ...setting('cluster_token_file', file(NODE_FILES.clusterToken)),
    '',
    '# Each other node gets a block [[direct.peers]] with its id, address and public_key, as its own init printed them.',
    '[direct]',
    ...setting('listen', node.listen),
    '',
  ].join('\n');
};

/** Every file of a new node, all of mode 0600. */
export const nodeFiles = (node: NewNode): readonly NodeFile[] => [
  { name: NODE_FILES.masterKey, content: hiddenServiceFiles(node.master.secret).hs_ed25519_secret_key },
  { name: NODE_FILES.nodeKey, content: encodeNodeKeyFile(node.nodeSeed) },
  { name: NODE_FILES.clusterToken, content: `${node.clusterToken}\n` },
  { name: NODE_FILES.config, content: newConfig(node) },
];
