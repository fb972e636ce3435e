import { rename } from 'node:fs/promises';
import { join as pathOf } from 'node:path';
import type { JoinAdmission } from '@rustbalance/actors/election/join/answer-codec.js';
import { readPendingJoin } from '@rustbalance/actors/election/join/pending-join-file.js';
import {
  isSameJoin,
  lacksKeyGrant,
  withoutKeyGrant,
} from '@rustbalance/actors/election/join/pending-join.js';
import type { PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { errorData, errorLine, rbError } from '@rustbalance/actors/kernel/errors.js';
import { encodeNodePublicKey, generateNodeKey, nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { defineCommand } from '../command.js';
import { jsonOption, newNodeOptions } from '../common-options.js';
import type { JsonArgs, NewNodeArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { UsageError } from '../failure.js';
import { refuseWhatRunWould } from '../init/check-config.js';
import { isReachable } from '../init/first-member.js';
import { NODE_FILES, fileNames } from '../init/node-files.js';
import type { NewNode } from '../init/node-files.js';
import { suggestNodeId } from '../init/node-id.js';
import { refuseExisting } from '../init/place-files.js';
import { offerStart } from '../init/start-offer.js';
import { newWireguardKey } from '../init/transport.js';
import type { NewTransport, TransportName } from '../init/transport.js';
import { makeUnknownNode, openToken } from '../join/embedded.js';
import { draftOf, makeConfigDirectory, pendingJoinPath, pursueJoin } from '../join/pursue.js';
import type { PendingNode } from '../join/pursue.js';
import { tokenFrom } from '../join/token-input.js';
import { passphraseOptions } from '../passphrase.js';
import type { PassphraseArgs } from '../passphrase.js';
import type { CliWorld } from '../world.js';

interface JoinArgs extends JsonArgs, NewNodeArgs, PassphraseArgs {
  readonly token: string | undefined;
  readonly 'token-file': string | undefined;
  readonly 'node-id': string | undefined;
  readonly endpoint: string | undefined;
  readonly listen: string | undefined;
  readonly transport: TransportName | undefined;
  readonly priority: number | undefined;
  readonly 'no-master-key': boolean;
  readonly 'tor-binary': string;
  readonly 'extra-torrc': readonly string[];
  readonly wait: boolean;
  readonly 'via-master': boolean;
}

/** What `join --json` prints: scripts rely on these names. Null: nobody was asked. */
interface JoinOutput {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly priority: number;
  readonly config_path: string;
  readonly master_key_path: string | null;
  readonly transport: TransportName;
  readonly cluster_size: number | null;
  readonly publisher: string | null;
}

/**
 * The cluster's way of meeting is that of the node which issued the token.
 *
 * @param before of an earlier run: its WireGuard key is kept, since members may know it already
 */
const transportOf = (
  args: JoinArgs,
  { origin }: JoinToken,
  before: NewTransport | null,
  world: CliWorld,
): NewTransport => {
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
      return {
        mode,
        endpoint: args.endpoint ?? null,
        privateKey: before?.mode === mode ? before.privateKey : newWireguardKey(world.random),
      };
  }
};

/** The join that an earlier run left behind; one that cannot be read is set aside, and costs the token another use. */
const earlierJoin = async (configDir: string, tell: (line: string) => void): Promise<PendingJoin | null> => {
  const file = pendingJoinPath(configDir);
  const reading = await readPendingJoin(file);
  if (reading.kind === 'pending') return reading.pending;
  if (reading.kind === 'unusable') {
    tell(errorLine(errorData('join.pending-unusable', file, { reason: reading.problem })));
    await rename(file, `${file}.unusable`).catch(() => undefined);
  }
  return null;
};

/** What this run asks for. What the members may know of an earlier one of the same cluster stays as it was. */
const wantedJoin = (
  args: JoinArgs,
  token: JoinToken,
  found: PendingJoin | null,
  world: CliWorld,
): PendingNode => {
  const before = found !== null && isSameJoin(found, token) ? found : null;
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : pathArgument(path, world);
  const id = args['node-id'] ?? before?.nodeId ?? suggestNodeId(world.hostName(), world.random);
  return {
    token: args['no-master-key'] ? withoutKeyGrant(token) : token,
    nodeSeed: before?.nodeSeed ?? generateNodeKey(world.random),
    nodeId: id as NodeId,
    priority: args.priority ?? null,
    wantsMasterKey: !args['no-master-key'],
    transport: transportOf(args, token, before?.transport ?? null, world),
    viaMaster: args['via-master'],
    node: {
      target: args.target,
      stateDir: absolute(args['state-dir']),
      runDir: absolute(args['run-dir']),
      torBinary: args['tor-binary'],
      extraTorrc: args['extra-torrc'],
      madeDirectories: found?.node?.madeDirectories ?? [],
    },
    progress: null,
  };
};

const withDirectory = async (configDir: string, pending: PendingNode): Promise<PendingNode> => {
  try {
    const made = await makeConfigDirectory(configDir);
    const madeDirectories = [...made, ...pending.node.madeDirectories];
    return { ...pending, node: { ...pending.node, madeDirectories } };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw rbError('init.write-failed', configDir, { reason }, error);
  }
};

const outputOf = (node: NewNode, priority: number, admission: JoinAdmission | null): JoinOutput => ({
  onion_address: `${node.master.address}.onion`,
  node_id: node.id,
  node_public_key: encodeNodePublicKey(nodePublicKey(node.nodeSeed)),
  priority,
  config_path: pathOf(node.configDir, NODE_FILES.config),
  master_key_path: node.master.secret === null ? null : pathOf(node.configDir, NODE_FILES.masterKey),
  transport: node.transport.mode,
  cluster_size: admission?.clusterSize ?? null,
  publisher: admission?.publisher ?? null,
});

const summary = (output: JoinOutput): string =>
  [
    `Onion address  ${output.onion_address}`,
    `Node           ${output.node_id}, priority ${String(output.priority)}`,
    `Configuration  ${output.config_path}`,
    output.master_key_path === null
      ? 'Master key     none: this node never publishes'
      : `Master key     ${output.master_key_path}  (whoever has it is the service)`,
    output.cluster_size === null
      ? 'Cluster        not asked: the daemon makes this node known, and publishes nothing before'
      : `Cluster        ${String(output.cluster_size)} nodes, ${output.publisher === null ? 'nobody publishes now' : `${output.publisher} publishes`}`,
    '',
    '',
  ].join('\n');

/** Makes the node: with what the token itself holds, or else with what a member answers. */
const join = async (
  configDir: string,
  wanted: PendingNode,
  args: JoinArgs,
  world: CliWorld,
  tell: (line: string) => void,
): Promise<JoinOutput> => {
  const opened = await openToken(wanted.token, args, world);
  if (opened !== null) {
    const node = await makeUnknownNode(configDir, wanted, opened);
    return outputOf(node, node.priority, null);
  }
  const pending = await withDirectory(configDir, wanted);
  const { node, admission } = await pursueJoin(configDir, pending, world, {
    isPatient: args.wait || (world.isTerminal && !args.json),
    interrupted: world.interrupted,
    tell,
  });
  return outputOf(node, admission.priority, admission);
};

export const joinCommand = defineCommand<JoinArgs>({
  summary: 'Makes this machine a node of a cluster, with a join token of a member.',
  explanation: [
    'Takes the token from standard input (`rustbalance join --yes --target … < token`), from `--token-file`, or as an argument, which other users of the machine can read in its list of processes.',
    'Calls the member that issued the token, or others that it names, five times with growing pauses, each over a fresh path: by a Tor of its own that ends with it, or, where the nodes meet by `direct`, by TCP. On a terminal, or with `--wait`, it then goes on, every few minutes, until the token ends. Writes the same files as `init`, with the records of all members in `peers/`, all or none, and never over a file that is there.',
    'What is asked for lies in `pending-join.json` in the configuration directory until it is done: another run with a token of the same cluster shows the same node key, which costs no second use, and `rustbalance run` completes it by itself. The file goes when the token can never work (revoked, expired, spent, of another cluster).',
    'A token that was made with `--embed-key` holds all that a node needs: `join` asks for its passphrase, calls nobody, and leaves it to the daemon to make the node known.',
    '`--json` prints `onion_address`, `node_id`, `node_public_key`, `priority`, `config_path`, `master_key_path` (or null), `transport`, `cluster_size` (null where nobody was called) and `publisher` (or null).',
  ],
  options: {
    ...newNodeOptions,
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
    'node-id': {
      kind: 'text',
      presence: 'optional',
      metavar: 'ID',
      description:
        'Name of the node in the cluster; made from the host name if absent, changed where it is taken.',
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
      description:
        'Does without the master key: this node serves, and never publishes. Needed with a token that brings no key.',
    },
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
    wait: {
      kind: 'flag',
      description: 'Goes on trying after five attempts, until the token ends, as it does on a terminal.',
    },
    'via-master': {
      kind: 'flag',
      description: 'Calls the members by the address that clients use, where [join] via_master is on.',
    },
    ...passphraseOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    const tell = (line: string): void => {
      if (!args.json) world.complain(`${line}\n`);
    };
    const configDir = pathArgument(args['config-dir'], world).replace(/(?<=.)\/+$/, '');
    const token = await tokenFrom(args.token, args['token-file'], world);
    if (args['via-master'] && token.viaMaster === undefined)
      throw rbError('join.not-by-master', 'join token');
    const before = await earlierJoin(configDir, tell);
    const wanted = wantedJoin(args, token, before, world);
    // What is sealed in a token is the key itself.
    if (token.sealed === undefined && lacksKeyGrant(wanted)) throw rbError('join.no-key-grant', 'join token');
    if (!isReachable(wanted.transport)) {
      throw rbError('join.unsuited', '--listen', { problem: 'the cluster meets by direct addresses' });
    }
    // All that can be wrong here is found before the token is used.
    const draft = draftOf(configDir, wanted);
    refuseWhatRunWould(draft);
    await refuseExisting(configDir, fileNames(draft));
    if (!args.yes) {
      const question = `Join the cluster of ${token.origin.nodeId} as ${draft.id}, in ${configDir}?`;
      if ((await world.confirm(question)) !== true)
        throw new UsageError([errorData('init.not-confirmed', configDir)]);
    }
    const output = await join(configDir, wanted, args, world, tell);
    if (args.json) world.print(`${JSON.stringify(output)}\n`);
    else {
      world.print(summary(output));
      await offerStart(output.config_path, !args.yes, world);
    }
  },
});
