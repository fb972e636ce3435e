import { join } from 'node:path';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { JoinRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { coordinationIdentitySeed, curve25519PublicKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import { errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import { encodeNodePublicKey, generateNodeKey, nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { defineCommand } from '../command.js';
import { jsonOption } from '../common-options.js';
import type { JsonArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { UsageError } from '../failure.js';
import { refuseWhatRunWould } from '../init/check-config.js';
import { isReachable } from '../init/first-member.js';
import { NODE_FILES, fileNames, nodeFiles } from '../init/node-files.js';
import type { NewNode } from '../init/node-files.js';
import { suggestNodeId } from '../init/node-id.js';
import { placeFiles, refuseExisting } from '../init/place-files.js';
import { offerStart } from '../init/start-offer.js';
import { newWireguardKey } from '../init/transport.js';
import type { NewTransport, TransportName } from '../init/transport.js';
import { checkAdmission } from '../join/admitted.js';
import { joinCluster } from '../join/attempts.js';
import type { OpenStream } from '../join/attempts.js';
import { openDirect } from '../join/direct-way.js';
import { startThrowawayTor } from '../join/throwaway-tor.js';
import { tokenFrom } from '../join/token-input.js';
import type { CliWorld } from '../world.js';

interface JoinArgs extends JsonArgs {
  readonly token: string | undefined;
  readonly 'token-file': string | undefined;
  readonly 'config-dir': string;
  readonly 'node-id': string | undefined;
  readonly target: string;
  readonly endpoint: string | undefined;
  readonly listen: string | undefined;
  readonly transport: TransportName | undefined;
  readonly priority: number | undefined;
  readonly 'no-master-key': boolean;
  readonly 'state-dir': string | undefined;
  readonly 'run-dir': string | undefined;
  readonly 'tor-binary': string;
  readonly 'extra-torrc': readonly string[];
  readonly yes: boolean;
}

/** What `join --json` prints: scripts rely on these names. */
interface JoinOutput {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly priority: number;
  readonly config_path: string;
  readonly master_key_path: string | null;
  readonly transport: TransportName;
  readonly cluster_size: number;
  readonly publisher: string | null;
}

/** The cluster's way of meeting is that of the node which issued the token. */
const transportOf = (args: JoinArgs, { origin }: JoinToken, world: CliWorld): NewTransport => {
  const mode =
    args.transport ??
    (origin.direct !== null
      ? 'direct'
      : origin.wireguard !== null || args.endpoint !== undefined
        ? 'wireguard'
        : 'tor');
  switch (mode) {
    case 'tor':
      return { mode };
    case 'direct':
      return { mode, listen: args.listen };
    case 'wireguard':
      return { mode, endpoint: args.endpoint ?? null, privateKey: newWireguardKey(world.random) };
  }
};

const requestOf = (node: NewNode, args: JoinArgs, world: CliWorld): JoinRequest => {
  const { transport, nodeSeed } = node;
  return {
    publicKey: nodePublicKey(nodeSeed),
    nodeId: node.id as NodeId,
    atSecs: Math.floor(world.clock.wallMs() / 1000),
    wantsMasterKey: !args['no-master-key'],
    priority: args.priority ?? null,
    coordination:
      transport.mode === 'direct' ? null : generateIdentity(coordinationIdentitySeed(nodeSeed)).publicKey,
    wireguard:
      transport.mode === 'wireguard'
        ? { publicKey: curve25519PublicKey(transport.privateKey), endpoint: transport.endpoint }
        : null,
    direct: transport.mode === 'direct' ? (transport.listen ?? null) : null,
  };
};

interface Way {
  readonly open: OpenStream;
  readonly isInterrupted: () => boolean;
  close(): Promise<void>;
}

const wayTo = async (
  token: JoinToken,
  args: JoinArgs,
  world: CliWorld,
  tell: (line: string) => void,
): Promise<Way> => {
  if (token.origin.direct !== null) {
    // There is nothing to tidy up, so ^C may end the process.
    return { open: openDirect, isInterrupted: () => false, close: () => Promise.resolve() };
  }
  const { interrupted } = world;
  const tor = await startThrowawayTor({
    binary: args['tor-binary'],
    extraTorrc: args['extra-torrc'],
    addresses: [token.origin, ...token.others].flatMap(({ coordination }) => coordination ?? []),
    clientAuthorization: token.clientAuthorization,
    clock: world.clock,
    interrupted,
    tell,
  });
  return { ...tor, isInterrupted: () => interrupted.aborted };
};

const summary = (output: JoinOutput): string =>
  [
    `Onion address  ${output.onion_address}`,
    `Node           ${output.node_id}, priority ${String(output.priority)}`,
    `Configuration  ${output.config_path}`,
    output.master_key_path === null
      ? 'Master key     none: this node never publishes'
      : `Master key     ${output.master_key_path}  (whoever has it is the service)`,
    `Cluster        ${String(output.cluster_size)} nodes, ${output.publisher === null ? 'nobody publishes now' : `${output.publisher} publishes`}`,
    '',
    '',
  ].join('\n');

export const joinCommand = defineCommand<JoinArgs>({
  words: ['join'],
  summary: 'Makes this machine a node of a cluster, with a join token of a member.',
  explanation: [
    'Takes the token from standard input (`rustbalance join --yes --target … < token`), from `--token-file`, or as an argument, which other users of the machine can read in its list of processes.',
    'Calls the member that issued the token, or others that it names, up to five times with growing pauses, each over a fresh path: by a Tor of its own that ends with it, or, where the nodes meet by `direct`, by TCP. Writes the same files as `init`, with the records of all members in `peers/`, all or none, and never over a file that is there.',
    '`--json` prints `onion_address`, `node_id`, `node_public_key`, `priority`, `config_path`, `master_key_path` (or null), `transport`, `cluster_size` and `publisher` (or null).',
  ],
  options: {
    token: {
      kind: 'text',
      presence: 'optional',
      positional: true,
      description: 'The join token; better on standard input.',
    },
    'token-file': {
      kind: 'text',
      presence: 'optional',
      metavar: 'FILE',
      description: 'A file that holds the join token.',
    },
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
      description:
        'Name of the node in the cluster; made from the host name if absent, changed where it is taken.',
    },
    target: {
      kind: 'text',
      presence: 'required',
      metavar: 'URL',
      description: 'The service to be reached: http://HOST:PORT, https://…, tcp://… or an onion address.',
    },
    endpoint: {
      kind: 'text',
      presence: 'optional',
      metavar: 'IP:PORT',
      description: 'Where other nodes reach this one by WireGuard (UDP); without it, it calls them.',
    },
    listen: {
      kind: 'text',
      presence: 'optional',
      metavar: 'IP:PORT',
      description: 'Where other nodes reach this one, in a cluster that meets by direct.',
    },
    transport: {
      kind: 'choice',
      presence: 'optional',
      choices: ['wireguard', 'tor', 'direct'],
      description: 'How the nodes of the cluster meet, where the token does not tell.',
    },
    priority: {
      kind: 'number',
      presence: 'optional',
      minimum: 1,
      maximum: 1_000_000,
      metavar: 'N',
      description: 'Who publishes: the lowest number among live nodes; behind all others if absent.',
    },
    'no-master-key': {
      kind: 'flag',
      description: 'Does without the master key: this node serves, and never publishes.',
    },
    'state-dir': {
      kind: 'text',
      presence: 'optional',
      metavar: 'DIR',
      description: 'Where state and the data of Tor live.',
    },
    'run-dir': { kind: 'text', presence: 'optional', metavar: 'DIR', description: 'Where the sockets live.' },
    'tor-binary': {
      kind: 'text',
      presence: 'default',
      fallback: 'tor',
      metavar: 'FILE',
      description: 'The Tor that reaches the cluster for the joining.',
    },
    'extra-torrc': {
      kind: 'list',
      metavar: 'LINE',
      description: 'A line for the torrc of that Tor; repeatable.',
    },
    yes: { kind: 'flag', description: 'Does not ask.' },
    ...jsonOption,
  },
  run: async (args, world) => {
    const tell = (line: string): void => {
      if (!args.json) world.complain(`${line}\n`);
    };
    const absolute = (path: string): string => pathArgument(path, world);
    const configDir = absolute(args['config-dir']).replace(/(?<=.)\/+$/, '');
    const token = await tokenFrom(args.token, args['token-file'], world);
    const transport = transportOf(args, token, world);
    if (!isReachable(transport)) {
      throw rbError('join.unsuited', '--listen', { problem: 'the cluster meets by direct addresses' });
    }
    // All that can be wrong here is found before the token is used, with an address that stands for any.
    const draft: NewNode = {
      configDir,
      id: args['node-id'] ?? suggestNodeId(world.hostName(), world.random),
      priority: args.priority,
      target: args.target,
      transport,
      keepsMembers: true,
      stateDir: args['state-dir'] === undefined ? undefined : absolute(args['state-dir']),
      runDir: args['run-dir'] === undefined ? undefined : absolute(args['run-dir']),
      master: generateIdentity(new Uint8Array(32).fill(1)),
      nodeSeed: generateNodeKey(world.random),
      clusterToken: 'not known yet',
    };
    refuseWhatRunWould(draft);
    await refuseExisting(configDir, fileNames(draft));
    if (!args.yes) {
      const question = `Join the cluster of ${token.origin.nodeId} as ${draft.id}, in ${configDir}?`;
      if ((await world.confirm(question)) !== true)
        throw new UsageError([errorData('init.not-confirmed', configDir)]);
    }
    const way = await wayTo(token, args, world, tell);
    try {
      const admission = await joinCluster(token, draft.nodeSeed, () => requestOf(draft, args, world), {
        clock: world.clock,
        random: world.random,
        open: way.open,
        isInterrupted: way.isInterrupted,
        tell,
      });
      const { master, records } = checkAdmission(admission, token, nodePublicKey(draft.nodeSeed));
      const node: NewNode = {
        ...draft,
        id: admission.nodeId,
        priority: admission.priority,
        master,
        clusterToken: admission.clusterToken,
      };
      await placeFiles(configDir, nodeFiles(node, records));
      const output: JoinOutput = {
        onion_address: `${master.address}.onion`,
        node_id: node.id,
        node_public_key: encodeNodePublicKey(nodePublicKey(node.nodeSeed)),
        priority: admission.priority,
        config_path: join(configDir, NODE_FILES.config),
        master_key_path: master.secret === null ? null : join(configDir, NODE_FILES.masterKey),
        transport: transport.mode,
        cluster_size: admission.clusterSize,
        publisher: admission.publisher,
      };
      if (args.json) world.print(`${JSON.stringify(output)}\n`);
      else {
        world.print(summary(output));
        await offerStart(output.config_path, !args.yes, world);
      }
    } finally {
      await way.close();
    }
  },
});
