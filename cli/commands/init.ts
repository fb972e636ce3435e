import { join } from 'node:path';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import { decodeText } from '@rustbalance/actors/kernel/config/read-file.js';
import { errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { encodeNodePublicKey, generateNodeKey, nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { defineCommand } from '../command.js';
import { jsonOption } from '../common-options.js';
import type { JsonArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { UsageError } from '../failure.js';
import { NODE_FILES, newClusterToken, newConfig, nodeFiles } from '../init/node-files.js';
import type { NewNode } from '../init/node-files.js';
import { suggestNodeId } from '../init/node-id.js';
import { placeFiles } from '../init/place-files.js';
import { readArgumentFile } from '../small-file.js';
import type { CliWorld } from '../world.js';

interface InitArgs extends JsonArgs {
  readonly 'config-dir': string;
  readonly 'node-id': string | undefined;
  readonly target: string;
  readonly transport: 'direct';
  readonly listen: string | undefined;
  readonly 'import-key': string | undefined;
  readonly 'cluster-token-file': string | undefined;
  readonly priority: number | undefined;
  readonly 'state-dir': string | undefined;
  readonly 'run-dir': string | undefined;
  readonly yes: boolean;
}

/** What `init --json` prints: scripts rely on these names. */
interface InitOutput {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly config_path: string;
  readonly master_key_path: string;
  readonly cluster_token_path: string;
}

const MAX_KEY_FILE = 4096;

const masterOf = async (argument: string | undefined, world: CliWorld): Promise<IdentityKeys> => {
  if (argument === undefined) return generateIdentity(world.random.bytes(32));
  const file = pathArgument(argument, world);
  const imported = importIdentity(await readArgumentFile(file, MAX_KEY_FILE));
  if (!imported.ok) throw rbError('init.bad-key', file, { reason: imported.detail });
  return imported.value;
};

const tokenOf = async (argument: string | undefined, world: CliWorld): Promise<string> => {
  if (argument === undefined) return newClusterToken(world.random);
  const file = pathArgument(argument, world);
  const bytes = await readArgumentFile(file, MAX_KEY_FILE);
  let text = '';
  try {
    text = decodeText(bytes).trim();
  } catch {
    throw rbError('init.bad-token', file);
  }
  if (!/^[\x20-\x7e]+$/.test(text)) throw rbError('init.bad-token', file);
  return text;
};

/** Which argument a wrong key of the new configuration came from. */
const FLAGS: Readonly<Record<string, string>> = {
  'node.id': '--node-id',
  'node.priority': '--priority',
  'node.state_dir': '--state-dir',
  'node.run_dir': '--run-dir',
  'node.key_path': '--config-dir',
  'target.url': '--target',
  'direct.listen': '--listen',
};

/** init never writes a configuration that run would refuse. */
const refuseWhatRunWould = (node: NewNode): void => {
  const checked = parseConfig(newConfig(node), NODE_FILES.config);
  if (checked.ok) return;
  throw new UsageError(
    checked.problems.map((found): ErrorData => ({
      ...found,
      where: FLAGS[String(found.detail['key'])] ?? found.where,
    })),
  );
};

const peerBlock = (output: InitOutput, listen: string | undefined): readonly string[] =>
  listen === undefined
    ? []
    : [
        '',
        'For the config.toml of every other node:',
        '',
        '  [[direct.peers]]',
        `  id = "${output.node_id}"`,
        `  address = "${listen}"`,
        `  public_key = "${output.node_public_key}"`,
      ];

const summary = (output: InitOutput, listen: string | undefined, imported: boolean): string =>
  [
    `Onion address  ${output.onion_address}${imported ? '' : ' (new)'}`,
    `Node           ${output.node_id}`,
    `Configuration  ${output.config_path}`,
    `Master key     ${output.master_key_path}  (whoever has it is the service: keep a copy offline)`,
    `Cluster token  ${output.cluster_token_path}`,
    ...peerBlock(output, listen),
    '',
    'For another node: copy the master key and the cluster token to it and run there',
    '',
    '  rustbalance init --import-key master.key --cluster-token-file cluster.token --target … --listen …',
    '',
    `Start this node: rustbalance run --config ${output.config_path}`,
    '',
  ].join('\n');

export const initCommand = defineCommand<InitArgs>({
  words: ['init'],
  summary: 'Makes the keys and the configuration of a node.',
  explanation: [
    "Writes `config.toml`, `master.key` (in Tor's own format), `node.key` and `cluster.token`, all of mode 0600, all or none, and never over a file that is there. For the first node everything is new; a further node takes the master key and the cluster token of the first.",
    '`--json` prints `onion_address`, `node_id`, `node_public_key`, `config_path`, `master_key_path` and `cluster_token_path`.',
  ],
  options: {
    'config-dir': {
      kind: 'text',
      presence: 'default',
      fallback: '/etc/rustbalance',
      metavar: 'DIR',
      description: 'Where the files are written.',
    },
    'node-id': {
      kind: 'text',
      presence: 'optional',
      metavar: 'ID',
      description: 'Name of the node in the cluster; made from the host name if absent.',
    },
    target: {
      kind: 'text',
      presence: 'required',
      metavar: 'URL',
      description: 'The service to be reached: http://HOST:PORT, https://…, tcp://… or an onion address.',
    },
    transport: {
      kind: 'choice',
      presence: 'default',
      fallback: 'direct',
      choices: ['direct'],
      description: 'How the nodes reach each other.',
    },
    listen: {
      kind: 'text',
      presence: 'optional',
      metavar: 'IP:PORT',
      description: 'UDP address on which the other nodes reach this one; not needed by a single node.',
    },
    'import-key': {
      kind: 'text',
      presence: 'optional',
      metavar: 'FILE',
      description:
        "An existing master key: Tor's hs_ed25519_secret_key, a 64-byte expanded key or a 32-byte seed.",
    },
    'cluster-token-file': {
      kind: 'text',
      presence: 'optional',
      metavar: 'FILE',
      description: 'The cluster.token of the first node.',
    },
    priority: {
      kind: 'number',
      presence: 'optional',
      minimum: 1,
      maximum: 1_000_000,
      metavar: 'N',
      description: 'Who publishes: the lowest number among live nodes.',
    },
    'state-dir': {
      kind: 'text',
      presence: 'optional',
      metavar: 'DIR',
      description: 'Where state and the data of Tor live.',
    },
    'run-dir': { kind: 'text', presence: 'optional', metavar: 'DIR', description: 'Where the sockets live.' },
    yes: { kind: 'flag', description: 'Does not ask.' },
    ...jsonOption,
  },
  run: async (args, world) => {
    const absolute = (path: string): string => pathArgument(path, world);
    const configDir = absolute(args['config-dir']).replace(/(?<=.)\/+$/, '');
    const node: NewNode = {
      configDir,
      id: args['node-id'] ?? suggestNodeId(world.hostName(), world.random),
      priority: args.priority,
      target: args.target,
      listen: args.listen,
      stateDir: args['state-dir'] === undefined ? undefined : absolute(args['state-dir']),
      runDir: args['run-dir'] === undefined ? undefined : absolute(args['run-dir']),
      master: await masterOf(args['import-key'], world),
      nodeSeed: generateNodeKey(world.random),
      clusterToken: await tokenOf(args['cluster-token-file'], world),
    };
    refuseWhatRunWould(node);
    if (!args.yes) {
      const question = `Make the node ${node.id} of ${node.master.address}.onion in ${configDir}?`;
      if ((await world.confirm(question)) !== true)
        throw new UsageError([errorData('init.not-confirmed', configDir)]);
    }
    await placeFiles(configDir, nodeFiles(node));
    const output: InitOutput = {
      onion_address: `${node.master.address}.onion`,
      node_id: node.id,
      node_public_key: encodeNodePublicKey(nodePublicKey(node.nodeSeed)),
      config_path: join(configDir, NODE_FILES.config),
      master_key_path: join(configDir, NODE_FILES.masterKey),
      cluster_token_path: join(configDir, NODE_FILES.clusterToken),
    };
    if (args.json) world.print(`${JSON.stringify(output)}\n`);
    else world.print(summary(output, args.listen, args['import-key'] !== undefined));
  },
});
