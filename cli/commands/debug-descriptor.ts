import type { TimePeriodLength, TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { LARGEST_PARSED_DESCRIPTOR } from '@rustbalance/crypto-worker/descriptor/limits.js';
import { timePeriodAt } from '@rustbalance/crypto-worker/periods/schedule.js';
import type { Schedule } from '@rustbalance/crypto-worker/periods/schedule.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { defineCommand } from '../command.js';
import { jsonOption } from '../common-options.js';
import type { JsonArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { descriptorOutput } from '../debug/descriptor-view.js';
import { identityIn, identityOfAddress } from '../debug/onion-of.js';
import type { FoundIdentity } from '../debug/onion-of.js';
import { usageError } from '../failure.js';
import { readArgumentFile } from '../small-file.js';
import type { CliWorld } from '../world.js';

interface DescriptorArgs extends JsonArgs {
  readonly file: string;
  readonly address: string | undefined;
  readonly key: string | undefined;
  readonly 'time-period': number | undefined;
  readonly 'period-length': number;
  readonly 'voting-interval': number;
}

const COMMAND = 'debug descriptor';
const MAX_KEY_FILE = 4096;

/** How far back a file may date when no period is given: each candidate costs one blinding, 2 ms. */
const PERIODS_BACK = 40;

const identityFor = async (args: DescriptorArgs, world: CliWorld): Promise<FoundIdentity> => {
  if ((args.address === undefined) === (args.key === undefined)) {
    throw usageError(`${world.programName} ${COMMAND}`, 'exactly one of --address and --key is needed');
  }
  const where = args.key === undefined ? '--address' : pathArgument(args.key, world);
  const found =
    args.address === undefined
      ? identityIn(await readArgumentFile(where, MAX_KEY_FILE))
      : identityOfAddress(args.address);
  if (!found.ok) throw rbError('cli.no-key-file', where, { command: COMMAND, reason: found.detail });
  return found.value;
};

const candidatePeriods = (args: DescriptorArgs, world: CliWorld): readonly TimePeriodNumber[] => {
  if (args['time-period'] !== undefined) return [args['time-period'] as TimePeriodNumber];
  const now = Math.floor(world.clock.wallMs() / 1000) as UnixSeconds;
  const schedule: Schedule = {
    validAfter: now,
    votingIntervalSeconds: args['voting-interval'],
    periodLength: args['period-length'] as TimePeriodLength,
  };
  const current = timePeriodAt(schedule, now);
  // The likeliest first: the current one, the next, then ever older ones.
  const offsets = [0, 1, ...Array.from({ length: PERIODS_BACK }, (_, back) => -1 - back)];
  return offsets.map((offset) => (current + offset) as TimePeriodNumber);
};

export const debugDescriptorCommand = defineCommand<DescriptorArgs>({
  words: ['debug', 'descriptor'],
  summary: 'Decodes a descriptor file and prints it as JSON.',
  explanation: [
    'The file is what HSDirs hold, for instance the body of an `HS_DESC_CONTENT` event. Signature, certificates and both encrypted layers are checked; certificates that have run out are shown, not refused.',
    'Without `--time-period` the current, the next and the last 40 periods are tried.',
  ],
  options: {
    file: { kind: 'text', presence: 'required', positional: true, description: 'The descriptor.' },
    address: {
      kind: 'text',
      presence: 'optional',
      metavar: 'ADDRESS',
      description: 'The onion address that it belongs to.',
    },
    key: {
      kind: 'text',
      presence: 'optional',
      metavar: 'FILE',
      description: 'A key file of that address instead.',
    },
    'time-period': {
      kind: 'number',
      presence: 'optional',
      minimum: 0,
      maximum: 100_000_000,
      metavar: 'N',
      description: 'Its time period.',
    },
    'period-length': {
      kind: 'number',
      presence: 'default',
      fallback: 1440,
      minimum: 5,
      maximum: 20_160,
      metavar: 'MINUTES',
      description: 'Length of a time period on that network (hsdir_interval).',
    },
    'voting-interval': {
      kind: 'number',
      presence: 'default',
      fallback: 3600,
      minimum: 5,
      maximum: 86_400,
      metavar: 'SECONDS',
      description: 'Voting interval of that network.',
    },
    ...jsonOption,
  },
  run: async (args, world) => {
    const identity = await identityFor(args, world);
    const file = pathArgument(args.file, world);
    const decoded = decodeDescriptor({
      descriptor: await readArgumentFile(file, LARGEST_PARSED_DESCRIPTOR),
      identity: identity.publicKey,
      periodLength: args['period-length'] as TimePeriodLength,
      timePeriods: candidatePeriods(args, world),
      now: null,
      maxDescriptorSize: LARGEST_PARSED_DESCRIPTOR,
    });
    if (!decoded.ok) throw rbError('cli.no-key-file', file, { command: COMMAND, reason: decoded.detail });
    const output = descriptorOutput(decoded.value);
    world.print(`${JSON.stringify(output, null, args.json ? undefined : 2)}\n`);
  },
});
