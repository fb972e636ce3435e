import { type BlindedKeypair, blindKeypair } from '@rustbalance/crypto-worker/blinding/blinded-key.js';
import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { findCounterInput } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import type { DecodedDescriptor, DescriptorPlan } from '@rustbalance/crypto-worker/task-types.js';
import { valueOf } from '../../unit/crypto-worker/given.js';
import type { StockClient } from '../stock-client.js';
import { networkViewOf, planOf } from './network-view.js';
import { type OpenedDescriptor, openDescriptor } from './opened-descriptor.js';
import { clientsHsDir, currentDescriptor, decodeFor, descriptorAt } from './publish.js';
import type { RecordedService } from './recorded-service.js';

/** The longest that a search for a counter input goes on: three days of seconds, where Tor itself stops. */
const LARGEST_N = 2 ** 18;

export interface OwnDescriptor {
  readonly text: string;
  readonly decoded: DecodedDescriptor;
  readonly plan: DescriptorPlan;
  readonly blinded: BlindedKeypair;
  readonly opened: OpenedDescriptor;
}

const read = async (service: RecordedService, text: string): Promise<OwnDescriptor> => {
  const { decoded, plan } = await decodeFor(service, text);
  const { secret, publicKey } = service.identity;
  const { hsDirParams } = await networkViewOf(service.tor);
  const blinded = blindKeypair(secret, publicKey, {
    number: plan.timePeriod,
    length: hsDirParams.periodLength,
  });
  return { text, decoded, plan, blinded, opened: openDescriptor(text, plan) };
};

/** Tor's own descriptors: the first by GETINFO, and the one that clients use from its HSDir. */
export const ownDescriptors = async (
  service: RecordedService,
  client: StockClient,
): Promise<OwnDescriptor[]> => {
  const plan = await planOf(service.tor, service.identity.publicKey);
  const { address } = service.identity;
  const texts = [
    await currentDescriptor(service),
    await descriptorAt(client, address, clientsHsDir(plan).fingerprint),
  ];
  return Promise.all(texts.map((text) => read(service, text)));
};

/** The counter input n, found by search. */
export const inputOf = ({ blinded, decoded }: OwnDescriptor): number =>
  valueOf(findCounterInput(blinded.secret, decoded.revisionCounter, LARGEST_N));

/** Ours of the same key, counter input and introduction points, as of a moment. */
export const oursLike = async (
  service: RecordedService,
  own: OwnDescriptor,
  now: UnixSeconds,
): Promise<{ text: string; opened: OpenedDescriptor }> => {
  const { hsDirParams } = await networkViewOf(service.tor);
  const { which, timePeriod } = own.plan;
  const { introductionPoints, create2Formats, flowControl } = own.decoded;
  const [built] = valueOf(
    buildDescriptors({
      masterSecret: service.identity.secret,
      periodLength: hsDirParams.periodLength,
      now,
      create2Formats,
      flowControl,
      maxDescriptorSize: hsDirParams.maxDescriptorSize,
      requests: [{ which, timePeriod, n: inputOf(own), introductionPoints }],
    }),
  );
  const text = built?.text ?? '';
  return { text, opened: openDescriptor(text, own.plan) };
};
