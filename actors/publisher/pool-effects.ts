import type { ExpandedSecretKey, OnionAddress, RevisionCounter } from '@rustbalance/crypto-worker/brands.js';
import { LARGEST_COUNTER_INPUT } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { Result } from '@rustbalance/crypto-worker/result.js';
import type { ActorContext } from '../kernel/actor.js';
import { rbError } from '../kernel/errors.js';
import type { PublisherEffects } from './effects.js';
import { FETCH_DEADLINE_MS } from './pace.js';
import type { PersistedPublisher } from './persisted.js';
import { visitor } from './visit.js';

/** Of another publisher: Tor itself takes none that is larger than HSV3MaxDescriptorSize, 50,000 unless the consensus says otherwise. */
const LARGEST_DESCRIPTOR = 100_000;

/** Tor acknowledges HSPOST at once; longer than this and the control connection is as good as gone. */
const UPLOAD_START_DEADLINE_MS = 10_000;

const value = <T>(result: Result<T>, task: string): T => {
  if (result.ok) return result.value;
  throw rbError('publisher.crypto-refused', 'publisher', { task, code: result.code, detail: result.detail });
};

/** Publishing's effects as messages: curve and bulk work in the pool, uploads and fetches by TorActor. */
export const poolEffects = async (
  context: ActorContext<'publisher'>,
  address: OnionAddress,
  save: (state: PersistedPublisher) => void,
): Promise<PublisherEffects> => {
  const identity = value(await context.crypto('parseAddress', { address }), 'parseAddress');
  const masterSecret = (): ExpandedSecretKey => {
    const key = context.secrets.masterKey;
    if (key === null) throw rbError('publisher.no-master-key', 'publisher');
    return key.reveal() as ExpandedSecretKey;
  };
  return {
    clock: context.clock,
    random: context.random,
    log: context.log,
    plan: async (network) =>
      value(await context.crypto('publicationPlan', { identity, network }), 'publicationPlan'),
    merge: async (contributions, timePeriods) => {
      const merged = await context.crypto('mergeIntroductionPoints', {
        masterSecret: masterSecret(),
        timePeriods,
        contributions,
      });
      return value(merged, 'mergeIntroductionPoints');
    },
    build: async (input) =>
      value(
        await context.crypto('buildDescriptors', { ...input, masterSecret: masterSecret() }),
        'buildDescriptors',
      ),
    upload: async ({ version, hsdirs }) => {
      await context.request(
        'tor.upload',
        { address, descriptor: version.text, hsdirs },
        UPLOAD_START_DEADLINE_MS,
      );
    },
    fetch: async (_slot, hsdir) => {
      try {
        return await context.request('tor.fetch', { address, hsdir }, FETCH_DEADLINE_MS);
      } catch (error) {
        // A fetch that could not be made is a finding like any other: it confirms nothing.
        return { descriptor: null, reason: String(error) };
      }
    },
    open: async (slot, descriptor) => {
      const opened = await context.crypto('decodeDescriptor', {
        descriptor: new TextEncoder().encode(descriptor),
        identity,
        periodLength: slot.periodLength,
        timePeriods: [slot.timePeriod],
        now: null,
        maxDescriptorSize: LARGEST_DESCRIPTOR,
      });
      return opened.ok ? opened.value.introductionPoints.map(({ authKey }) => bytesKey(authKey)) : null;
    },
    visit: visitor(`${address}.onion`, context.config.proxy.virtual_port, context.random),
    counterInput: async (slot, revisionCounter) => {
      const found = await context.crypto('findCounterInput', {
        secret: masterSecret(),
        timePeriod: slot.timePeriod,
        periodLength: slot.periodLength,
        counter: revisionCounter as RevisionCounter,
        maxN: LARGEST_COUNTER_INPUT,
      });
      return found.ok ? found.value : null;
    },
    save,
  };
};
