import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import { MAX_TOKEN_USES } from '@rustbalance/actors/election/records/record.js';
import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { LONGEST_TOKEN_LIFETIME_SECS } from '@rustbalance/supervisor/control-protocol.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { usageError } from '../failure.js';
import { durationSecs } from '../duration.js';
import { newPassphraseSeal, passphraseOptions } from '../passphrase.js';
import type { PassphraseArgs } from '../passphrase.js';
import { printQrCode, qrOption, refuseQrInJson } from '../qr-code.js';
import type { QrArgs } from '../qr-code.js';

interface TokenCreateArgs extends ConfigArgs, JsonArgs, PassphraseArgs, QrArgs {
  readonly lifetime: string;
  readonly uses: number;
  readonly 'embed-key': boolean;
  readonly 'no-master-key': boolean;
}

const SHORTEST_LIFETIME_SECS = 60;

const lifetimeOf = (text: string, programName: string): number => {
  const secs = durationSecs(text);
  if (secs !== null && secs >= SHORTEST_LIFETIME_SECS && secs <= LONGEST_TOKEN_LIFETIME_SECS) return secs;
  throw usageError(`${programName} token create`, '--lifetime must be from 60s to 30d, e.g. 90m, 1h or 7d');
};

const bringsKey = (text: string): boolean => {
  const reading = readTokenText(text, 0);
  return reading.ok && (reading.token.keyGrant ?? reading.token.sealed) !== undefined;
};

export const tokenCreateCommand = defineCommand<TokenCreateArgs>({
  summary: 'Makes a join token, with which further machines join the cluster.',
  explanation: [
    '`--embed-key` puts the master key into the token, sealed with a passphrase that `join` asks for: that machine is made without calling anybody, and makes itself known once it runs. Whoever has such a token and its passphrase has the service for ever; no expiry and no revocation takes the key back.',
    'Prints the token, one word on standard output. Whoever has it can join as long as it lives and has uses left: hand it over as a secret, and give it to `rustbalance join` on standard input.',
    'A token that is made on a node without the master key, or with `--no-master-key`, brings that key to nobody: nodes join with `--no-master-key` and never publish. Only so can a machine that must not hold the key not come back for it while the token lives.',
    '`--json` prints `created` (the token) and `tokens` as `token list` does.',
  ],
  options: {
    lifetime: {
      kind: 'text',
      presence: 'default',
      fallback: '1h',
      metavar: 'TIME',
      description: 'How long it is good: a number with s, m, h or d.',
    },
    uses: {
      kind: 'number',
      presence: 'default',
      fallback: 1,
      minimum: 1,
      maximum: MAX_TOKEN_USES,
      metavar: 'N',
      description: 'How many machines may join with it.',
    },
    'embed-key': {
      kind: 'flag',
      description: 'Puts the master key into the token, sealed with a passphrase.',
    },
    'no-master-key': {
      kind: 'flag',
      description: 'Nodes that join with it are not given the master key, whatever they ask for.',
    },
    ...passphraseOptions,
    ...qrOption,
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    refuseQrInJson(args, `${world.programName} token create`);
    if (args['embed-key'] && args['no-master-key']) {
      throw usageError(
        `${world.programName} token create`,
        '--embed-key and --no-master-key exclude each other',
      );
    }
    const lifetimeSecs = lifetimeOf(args.lifetime, world.programName);
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const seal = args['embed-key'] ? await newPassphraseSeal(args, world) : null;
    const answer = await askDaemon(daemonSocket, {
      command: 'tokens',
      do: {
        action: 'create',
        lifetimeSecs,
        uses: args.uses,
        bringsKey: !args['no-master-key'],
        seal: seal === null ? null : { key: encodeBase64(seal.key), salt: encodeBase64(seal.salt) },
      },
    });
    const token = answer.created ?? '';
    world.print(args.json ? `${JSON.stringify(answer)}\n` : `${token}\n`);
    if (!args.json && !args['no-master-key'] && !bringsKey(token)) {
      world.complain(
        'This node has no master key: nodes join with this token by --no-master-key, and never publish.\n',
      );
    }
    if (args.qr) printQrCode(token, world);
  },
});
