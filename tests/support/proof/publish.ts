import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { counterInput } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { fromLatin1 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type {
  BuiltDescriptor,
  DecodedDescriptor,
  DescriptorPlan,
  PublicationPlan,
  ResponsibleHsDir,
} from '@rustbalance/crypto-worker/task-types.js';
import { valueOf } from '../../unit/crypto-worker/given.js';
import { fetchFromHsDir } from '../hsdir-view.js';
import type { StockClient } from '../stock-client.js';
import { networkViewOf, planOf } from './network-view.js';
import { postDescriptor, type Verdict } from './post.js';
import type { ProofWorld } from './world.js';
import type { RecordedService } from './recorded-service.js';

export const unixNow = (): UnixSeconds => Math.floor(Date.now() / 1000) as UnixSeconds;

/** The text of `desc_current`, which is the first descriptor (GETINFO shows no other). */
export const currentDescriptor = async ({ tor, identity }: RecordedService): Promise<string> =>
  `${await (await tor.control()).getInfo(`hs/service/desc/id/${identity.address}`)}\n`;

/** A descriptor as HSDirs hand it out; one that is not there is an error. */
export const descriptorAt = async (
  client: StockClient,
  address: string,
  fingerprint: string,
): Promise<string> => {
  const answer = await fetchFromHsDir(client, address, fingerprint);
  if (!answer.found) throw new Error(`HSDir ${fingerprint} has no descriptor: ${answer.reason}`);
  return `${answer.text}\n`;
};

/** The HSDir at which clients with this plan look first. */
export const clientsHsDir = (plan: PublicationPlan): ResponsibleHsDir => {
  const [hsDir] = plan[plan.clientsUse].fetch;
  if (hsDir === undefined) throw new Error('the plan names no HSDir');
  return hsDir;
};

/** Decodes a descriptor of this identity and says for which period of the plan it was made. */
export const decodeFor = async (
  service: Pick<RecordedService, 'tor' | 'identity'>,
  text: string,
): Promise<{ decoded: DecodedDescriptor; plan: DescriptorPlan }> => {
  const view = await networkViewOf(service.tor);
  const { first, second } = await planOf(service.tor, service.identity.publicKey);
  const decoded = valueOf(
    decodeDescriptor({
      descriptor: fromLatin1(text),
      identity: service.identity.publicKey,
      periodLength: view.hsDirParams.periodLength,
      timePeriods: [first.timePeriod, second.timePeriod],
      now: unixNow(),
      maxDescriptorSize: view.hsDirParams.maxDescriptorSize,
    }),
  );
  return { decoded, plan: decoded.timePeriod === first.timePeriod ? first : second };
};

/**
 * The instance's descriptor whose introduction points outlive the coming rotation: desc_current between the shared
 * random value and the time period, desc_next (which only HSDirs show) between the time period and the value.
 */
export const lastingDescriptor = async ({ instance, client }: ProofWorld): Promise<DecodedDescriptor> => {
  const plan = await planOf(instance.tor, instance.identity.publicKey);
  const text = plan.betweenTimePeriodAndSrv
    ? await descriptorAt(client, instance.identity.address, clientsHsDir(plan).fingerprint)
    : await currentDescriptor(instance);
  return (await decodeFor(instance, text)).decoded;
};

export interface Publication {
  readonly plan: PublicationPlan;
  readonly built: readonly BuiltDescriptor[];
  /** HSDir by HSDir, in the order of the plan. */
  readonly verdicts: readonly Verdict[];
}

/** Counter inputs used so far, by time period: Tor's rule that none is used twice. */
export type UsedCounters = Map<number, number>;

/** Builds both descriptors of the master address from the instance's points and sends each to its HSDirs. */
export const publishMaster = async (world: ProofWorld, used: UsedCounters): Promise<Publication> => {
  const { master } = world;
  const { tor } = world.instance;
  const lasting = await lastingDescriptor(world);
  const view = await networkViewOf(tor);
  const plan = await planOf(tor, master.publicKey);
  const now = unixNow();
  const requests = [plan.first, plan.second].map(({ which, timePeriod, srvRunStart }) => {
    const n = counterInput(now, srvRunStart, used.get(timePeriod) ?? null);
    used.set(timePeriod, n);
    return { which, timePeriod, n, introductionPoints: lasting.introductionPoints };
  });
  const built = valueOf(
    buildDescriptors({
      masterSecret: master.secret,
      periodLength: view.hsDirParams.periodLength,
      now,
      create2Formats: lasting.create2Formats,
      flowControl: lasting.flowControl,
      maxDescriptorSize: view.hsDirParams.maxDescriptorSize,
      requests,
    }),
  );
  const verdicts: Verdict[] = [];
  for (const { which, text } of built) {
    for (const { fingerprint } of plan[which].store) {
      verdicts.push(await postDescriptor(tor, { address: master.address, fingerprint, text }));
    }
  }
  return { plan, built, verdicts };
};
