import type { TimePeriodLength, TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { LARGEST_PARSED_DESCRIPTOR } from '@rustbalance/crypto-worker/descriptor/limits.js';
import { timePeriodAt } from '@rustbalance/crypto-worker/periods/schedule.js';
import type { Schedule } from '@rustbalance/crypto-worker/periods/schedule.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { pathArgument } from '../config-loading.js';
import { descriptorOutput } from './descriptor-view.js';
import { identityIn, identityOfAddress } from './onion-of.js';
import type { FoundIdentity } from './onion-of.js';
import { usageError } from '../failure.js';
import { readArgumentFile } from '../small-file.js';
import type { CliWorld } from '../world.js';
import type { DescriptorArgs } from '../commands/debug-descriptor.js';

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

/** The work of `debug descriptor`. */
export const runDebugDescriptor = async (args: DescriptorArgs, world: CliWorld): Promise<void> => {
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
  if (!decoded.ok) throw rbError('cli.no-descriptor', file, { reason: decoded.detail });
  const output = descriptorOutput(decoded.value);
  world.print(`${JSON.stringify(output, null, args.json ? undefined : 2)}\n`);
};
