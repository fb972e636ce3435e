import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { join } from 'node:path';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import { decodeText } from '@rustbalance/actors/kernel/config/read-file.js';
import { errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import { encodeNodePublicKey, generateNodeKey, nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { defineCommand } from '../command.js';
import { jsonOption, newNodeOptions } from '../common-options.js';
import type { JsonArgs, NewNodeArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { UsageError, usageError } from '../failure.js';
import { firstMember, isReachable } from '../init/first-member.js';
import { MAX_KEY_FILE, makeMaster, masterSource } from '../init/master.js';
import { MEMBERS_FOLDER, NODE_FILES, fileNames, newClusterToken, nodeFiles } from '../init/node-files.js';
import type { NewNode } from '../init/node-files.js';
import { suggestNodeId } from '../init/node-id.js';
import { initSummary } from '../init/output.js';
import type { InitOutput } from '../init/output.js';
import { refuseWhatRunWould } from '../init/check-config.js';
import { placeFiles, refuseExisting } from '../init/place-files.js';
import { offerStart } from '../init/start-offer.js';
import { chosenTransport } from '../init/transport.js';
import type { NewTransport, TransportName } from '../init/transport.js';
import { newPassphraseSeal, passphraseOptions } from '../passphrase.js';
import type { PassphraseArgs } from '../passphrase.js';
import { printQrCode, qrOption, refuseQrInJson } from '../qr-code.js';
import type { QrArgs } from '../qr-code.js';
import { readArgumentFile } from '../small-file.js';
import type { CliWorld } from '../world.js';

interface InitArgs extends JsonArgs, NewNodeArgs, PassphraseArgs, QrArgs {
  readonly 'node-id': string | undefined;
  readonly endpoint: string | undefined;
  readonly transport: TransportName | undefined;
  readonly listen: string | undefined;
  readonly 'vanity-prefix': string | undefined;
  readonly 'import-key': string | undefined;
  readonly 'cluster-token-file': string | undefined;
  readonly priority: number | undefined;
  readonly 'embed-key': boolean;
}

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

/** What a configuration without a priority stands for. */
const DEFAULT_PRIORITY = 100;

/** The first node of a cluster that others join publishes until it dies; who joins comes after it. */
const priorityOf = (args: InitArgs, transport: NewTransport): number | undefined =>
  args.priority ?? (transport.mode === 'direct' ? undefined : 1);

const outputOf = (node: NewNode, joinToken: string | null): InitOutput => {
  const { configDir, transport } = node;
  return {
    onion_address: `${node.master.address}.onion`,
    node_id: node.id,
    node_public_key: encodeNodePublicKey(nodePublicKey(node.nodeSeed)),
    config_path: join(configDir, NODE_FILES.config),
    master_key_path: join(configDir, NODE_FILES.masterKey),
    cluster_token_path: join(configDir, NODE_FILES.clusterToken),
    transport: transport.mode,
    members_dir: node.keepsMembers ? join(configDir, MEMBERS_FOLDER) : null,
    wireguard_public_key:
      transport.mode === 'wireguard' ? encodeBase64(curve25519PublicKey(transport.privateKey)) : null,
    wireguard_endpoint: transport.mode === 'wireguard' ? transport.endpoint : null,
    join_token: joinToken,
  };
};

export const initCommand = defineCommand<InitArgs>({
  summary: 'Makes the keys and the configuration of a node.',
  explanation: [
    "Writes `config.toml`, `master.key` (in Tor's own format), `node.key` and `cluster.token`, with `--endpoint` also `wg_private.key`, and in `peers/` the node's own member record and that of a first join token: all of mode 0600 in directories of mode 0700, all or none, and never over a file that is there. Files in a directory that exists belong to its owner.",
    'Prints a join token with which five further nodes can join within 24 hours (`rustbalance join`). By hand, with `--transport direct` alone, a further node takes the master key and the cluster token of the first.',
    '`--vanity-prefix` searches on all processors and tells rate and expected time on standard error; ^C ends it and leaves nothing behind.',
    '`--json` prints `onion_address`, `node_id`, `node_public_key`, `config_path`, `master_key_path`, `cluster_token_path`, `transport`, and, or null, `members_dir`, `wireguard_public_key`, `wireguard_endpoint` and `join_token`, which is a secret.',
    'At the end it offers, on a terminal, to start the daemon, and else says how; with `--yes` it only says how, with `--json` neither. Where systemd runs it offers `systemctl enable --now rustbalance`, to root alone, and where the unit is installed and the configuration lies in its usual place; where no systemd runs, the foreground. If systemd then cannot start it, the node is made all the same and the exit code is 1.',
  ],
  options: {
    ...newNodeOptions,
    'node-id': {
      kind: 'text',
      presence: 'optional',
      metavar: 'ID',
      description: 'Name of the node in the cluster; made from the host name if absent.',
    },
    endpoint: {
      kind: 'text',
      presence: 'optional',
      metavar: 'IP:PORT',
      description: 'Where other nodes reach this one by WireGuard (UDP). Without it the nodes meet over Tor.',
    },
    transport: {
      kind: 'choice',
      presence: 'optional',
      choices: ['wireguard', 'tor', 'direct'],
      description:
        'How the nodes reach each other: wireguard with --endpoint, direct with --listen, else tor.',
    },
    listen: {
      kind: 'text',
      presence: 'optional',
      metavar: 'IP:PORT',
      description:
        'UDP address on which the other nodes reach this one on a network of their own (--transport direct).',
    },
    'vanity-prefix': {
      kind: 'text',
      presence: 'optional',
      metavar: 'PREFIX',
      description:
        'How the new onion address shall begin: a-z and 2-7. Each further character takes 32 times as long.',
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
    'embed-key': {
      kind: 'flag',
      description: 'Puts the master key into the join token, sealed with a passphrase (`token create`).',
    },
    ...passphraseOptions,
    ...qrOption,
    ...jsonOption,
  },
  run: async (args, world) => {
    const absolute = (path: string): string => pathArgument(path, world);
    const configDir = absolute(args['config-dir']).replace(/(?<=.)\/+$/, '');
    const source = masterSource(args['import-key'], args['vanity-prefix'], world);
    const transport = chosenTransport(args, world.random);
    const draft: NewNode = {
      configDir,
      id: args['node-id'] ?? suggestNodeId(world.hostName(), world.random),
      priority: priorityOf(args, transport),
      target: args.target,
      transport,
      keepsMembers: args['cluster-token-file'] === undefined && isReachable(transport),
      stateDir: args['state-dir'] === undefined ? undefined : absolute(args['state-dir']),
      runDir: args['run-dir'] === undefined ? undefined : absolute(args['run-dir']),
      // A search can take days: all that can be wrong is found before it, with an address that stands for any.
      master: generateIdentity(new Uint8Array(32).fill(1)),
      nodeSeed: generateNodeKey(world.random),
      clusterToken: await tokenOf(args['cluster-token-file'], world),
    };
    refuseQrInJson(args, `${world.programName} init`);
    if (!draft.keepsMembers && (args['embed-key'] || args.qr)) {
      throw usageError(
        `${world.programName} init`,
        'no join token is made here: others cannot call this node',
      );
    }
    refuseWhatRunWould(draft);
    await refuseExisting(configDir, fileNames(draft));
    const seal = args['embed-key'] ? await newPassphraseSeal(args, world) : null;
    // From here on ^C ends nothing halfway: it ends the search, and files are all placed or none.
    const { interrupted } = world;
    const node: NewNode = { ...draft, master: await makeMaster(source, world, interrupted, args.json) };
    if (!args.yes) {
      const question = `Make the node ${node.id} of ${node.master.address}.onion in ${configDir}?`;
      if ((await world.confirm(question)) !== true)
        throw new UsageError([errorData('init.not-confirmed', configDir)]);
    }
    const first = node.keepsMembers
      ? firstMember(
          {
            ...node,
            priority: node.priority ?? DEFAULT_PRIORITY,
          },
          world.random,
          world.clock.wallMs(),
          seal,
        )
      : null;
    await placeFiles(configDir, nodeFiles(node, first?.records ?? []));
    const output = outputOf(node, first?.joinToken ?? null);
    if (args.json) {
      world.print(`${JSON.stringify(output)}\n`);
      return;
    }
    world.print(initSummary(output, transport, source.from === 'file'));
    if (args.qr && first !== null) printQrCode(first.joinToken, world);
    await offerStart(output.config_path, !args.yes, world);
  },
});
