/**
 * What Tor 0.4.9 itself computes and writes, against what we compute and write: keys, periods, rings, counters,
 * descriptors. The service's key is ours, so every secret value can be recomputed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RelayFingerprint, TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { findCounterInputOf } from '@rustbalance/crypto-worker/counter/find-input.js';
import { counterInput } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { decodeInnerLayer, encodeInnerLayer } from '@rustbalance/crypto-worker/descriptor/inner-layer.js';
import {
  decodeMiddleLayer,
  encodeMiddleLayer,
  padMiddleLayer,
} from '@rustbalance/crypto-worker/descriptor/middle-layer.js';
import { introductionPointProblem } from '@rustbalance/crypto-worker/introduction-point-check.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { parseNetwork } from '@rustbalance/crypto-worker/network/network-view.js';
import { publicationPlan } from '@rustbalance/crypto-worker/ring/publication-plan.js';
import type {
  BuiltDescriptor,
  DecodedDescriptor,
  DescriptorPlan,
  NetworkView,
  PublicationPlan,
} from '@rustbalance/crypto-worker/task-types.js';
import { eventually } from '../../support/eventually.js';
import type { ControlConnection, ControlEvent } from '../../support/tor-network/control-connection.js';
import { startTorNetwork, type TorNetwork } from '../../support/tor-network/network.js';
import type { TorProcess } from '../../support/tor-network/tor-process.js';
import { identityNamed, valueOf } from '../../unit/crypto-worker/given.js';
import { openLayers } from '../../unit/crypto-worker/open-layers.js';

const identity = identityNamed('service of the agreement test');
const master = identityNamed('master of the agreement test');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const nowSeconds = (): UnixSeconds => Math.floor(Date.now() / 1000) as UnixSeconds;

interface Upload {
  readonly fingerprint: string;
  readonly blindedKey: string;
  readonly index: string;
}

let network: TorNetwork;
let service: TorProcess;
let serviceDir: string;
let control: ControlConnection;
let client: ControlConnection;
const uploads: Upload[] = [];

/** "UPLOAD <address> <auth> $<fingerprint>~<name> <descriptor id> HSDIR_INDEX=<hex>" (control-spec §4.1.25). */
const noteUpload = ({ keyword, text }: ControlEvent): void => {
  const match = /^UPLOAD \S+ \S+ \$([0-9A-F]{40})\S* (\S+) HSDIR_INDEX=([0-9A-F]{64})/.exec(text);
  if (keyword !== 'HS_DESC' || match === null) return;
  uploads.push({ fingerprint: match[1]!, blindedKey: match[2]!, index: match[3]! });
};

const viewOf = async (connection: ControlConnection): Promise<NetworkView> => {
  const consensus = await connection.getInfo('dir/status-vote/current/consensus-microdesc');
  const microdescriptors = await connection.getInfo('md/all');
  return valueOf(
    parseNetwork({
      consensus: bytes(consensus),
      microdescriptors: bytes(microdescriptors),
      testingTorNetwork: true,
    }),
  );
};

const planOf = (view: NetworkView, of = identity): PublicationPlan =>
  valueOf(publicationPlan({ identity: of.publicKey, network: view }));

const descriptorOf = async (): Promise<string> => control.getInfo(`hs/service/desc/id/${identity.address}`);

const decode = (
  text: string,
  view: NetworkView,
  periods: readonly number[],
  of = identity,
): DecodedDescriptor =>
  valueOf(
    decodeDescriptor({
      descriptor: bytes(text),
      identity: of.publicKey,
      periodLength: view.hsDirParams.periodLength,
      timePeriods: periods as TimePeriodNumber[],
      now: nowSeconds(),
      maxDescriptorSize: view.hsDirParams.maxDescriptorSize,
    }),
  );

const own = (each: DescriptorPlan): string =>
  Buffer.from(each.blindedKey).toString('base64').replace(/=+$/, '');

beforeAll(async () => {
  network = await startTorNetwork({
    relays: 9,
    consensusParams: { hsdir_spread_store: 2, hsdir_spread_fetch: 1 },
  });
  serviceDir = join(network.dir, 'agreement', 'onion');
  await mkdir(serviceDir, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(hiddenServiceFiles(identity.secret))) {
    await writeFile(join(serviceDir, name), content as Uint8Array, { mode: 0o600 });
  }
  service = await network.spawnTor({
    name: 'agreement',
    torrc: ['SocksPort 0', `HiddenServiceDir ${serviceDir}`, 'HiddenServicePort 80 127.0.0.1:9'],
  });
  control = await service.control();
  control.onEvent(noteUpload);
  await control.subscribe('HS_DESC');
  client = await (await network.spawnTor({ name: 'asker', torrc: ['SocksPort 0'] })).control();
  await client.subscribe('HS_DESC', 'HS_DESC_CONTENT');
  await eventually(
    'the service has three introduction points',
    async () => {
      const view = await viewOf(control);
      const { first, second } = planOf(view);
      const text = await descriptorOf();
      return decode(text, view, [first.timePeriod, second.timePeriod]).introductionPoints.length >= 3;
    },
    { timeoutMs: 90_000, everyMs: 500 },
  );
}, 240_000);

// A plan holds until the next rotation, which comes every 12 consensuses: no test starts shortly before or after.
beforeEach(async () => {
  const phaseSecs = 12 * network.votingIntervalSecs;
  const isCalm = (): boolean => nowSeconds() % phaseSecs > 20 && nowSeconds() % phaseSecs < phaseSecs - 30;
  await eventually('no rotation is near', isCalm, { timeoutMs: 1000 * phaseSecs, everyMs: 200 });
}, 130_000);

afterAll(async () => {
  await network?.stop();
});

describe('Tor, given our HiddenServiceDir', () => {
  it('takes key and address as they are', async () => {
    for (const [name, content] of Object.entries(hiddenServiceFiles(identity.secret))) {
      expect(new Uint8Array(await readFile(join(serviceDir, name)))).toEqual(content);
    }
  });
});

describe("Tor's uploads", () => {
  it('go to the HSDirs of our plan, with the indices and blinded keys that we compute, for both descriptors', async () => {
    // A plan holds for the consensus that it was computed from; each turn of a period or value brings new uploads.
    await eventually(
      'the latest uploads agree with the plan',
      async () => {
        const plan = planOf(await viewOf(control));
        const agreed = [plan.first, plan.second].map((each) => {
          const seen = new Map(
            uploads
              .filter((upload) => upload.blindedKey === own(each))
              .map(({ fingerprint, index }) => [fingerprint, index]),
          );
          expect(each.store.length).toBeGreaterThanOrEqual(2);
          return (
            each.store.every(({ fingerprint, index }) => seen.get(fingerprint) === index) &&
            seen.size === each.store.length
          );
        });
        return agreed.every(Boolean);
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
  });
});

describe("Tor's descriptor", () => {
  it('is decoded, carries points of running relays, and tells what Tor 0.4.9 writes', async () => {
    const view = await viewOf(control);
    const plan = planOf(view);
    const decoded = decode(await descriptorOf(), view, [plan.first.timePeriod]);
    expect(decoded).toMatchObject({
      timePeriod: plan.first.timePeriod,
      lifetimeMinutes: 180,
      create2Formats: [2],
      flowControl: '1-2 31',
      powParams: null,
      authClients: 16,
      skipped: [],
    });
    expect(own(plan.first)).toBe(Buffer.from(decoded.blindedKey).toString('base64').replace(/=+$/, ''));
    for (const point of decoded.introductionPoints) {
      expect(introductionPointProblem(point, { relays: view.relays, now: nowSeconds() })).toBeNull();
    }
  });

  it('has a counter that our sum makes, from the seconds since the previous run began', async () => {
    const view = await viewOf(control);
    const { first } = planOf(view);
    const decoded = decode(await descriptorOf(), view, [first.timePeriod]);
    const n = valueOf(
      findCounterInputOf({
        secret: identity.secret,
        timePeriod: first.timePeriod,
        periodLength: view.hsDirParams.periodLength,
        counter: decoded.revisionCounter,
        maxN: counterInput(nowSeconds(), first.srvRunStart, null),
      }),
    );
    const madeAt = first.srvRunStart + n - 1;
    expect(madeAt).toBeGreaterThan(nowSeconds() - 600);
    expect(madeAt).toBeLessThanOrEqual(nowSeconds());
  });

  it('is written again by us to the same plaintexts, layer by layer', async () => {
    const view = await viewOf(control);
    const { first } = planOf(view);
    const text = await descriptorOf();
    const opened = openLayers(text, identity.publicKey, first.timePeriod, view.hsDirParams.periodLength);
    const inner = valueOf(decodeInnerLayer(opened.inner));
    expect(valueOf(encodeInnerLayer(inner))).toBe(Buffer.from(opened.inner).toString('latin1'));
    const middle = padMiddleLayer(encodeMiddleLayer(valueOf(decodeMiddleLayer(opened.middle))));
    expect(Buffer.from(middle).toString('latin1')).toBe(Buffer.from(opened.middle).toString('latin1'));
  });

  it('has the size and the certificates’ expiry that ours has for the same points', async () => {
    const view = await viewOf(control);
    const { first } = planOf(view);
    const text = await descriptorOf();
    const decoded = decode(text, view, [first.timePeriod]);
    const { revisionCounter: counter } = decoded;
    const madeAt =
      first.srvRunStart +
      valueOf(
        findCounterInputOf({
          secret: identity.secret,
          timePeriod: first.timePeriod,
          periodLength: view.hsDirParams.periodLength,
          counter,
          maxN: 2 ** 20,
        }),
      ) -
      1;
    const [ours] = valueOf(
      buildDescriptors({
        masterSecret: identity.secret,
        periodLength: view.hsDirParams.periodLength,
        now: madeAt as UnixSeconds,
        create2Formats: decoded.create2Formats,
        flowControl: decoded.flowControl,
        maxDescriptorSize: view.hsDirParams.maxDescriptorSize,
        requests: [
          {
            which: 'first',
            timePeriod: first.timePeriod,
            n: madeAt - first.srvRunStart + 1,
            introductionPoints: decoded.introductionPoints,
          },
        ],
      }),
    );
    const again = decode(ours!.text, view, [first.timePeriod]);
    expect(again.revisionCounter).toBe(counter);
    expect(again.signingKeyExpires).toBe(decoded.signingKeyExpires);
    expect(again.introductionPoints).toEqual(decoded.introductionPoints);
    expect(ours!.text.trimEnd()).toHaveLength(text.trimEnd().length);
  });
});

describe('a descriptor of ours', () => {
  const post = async (built: BuiltDescriptor, hsDir: RelayFingerprint): Promise<string> => {
    const answered = control.nextEvent('an answer to HSPOST', 30_000, ({ keyword, text }) =>
      keyword === 'HS_DESC' && text.includes(master.address) && /^(UPLOADED|FAILED)/.test(text)
        ? text
        : undefined,
    );
    await control.command(`HSPOST SERVER=${hsDir} HSADDRESS=${master.address}`, built.text);
    return (await answered).split(' ')[0]!;
  };

  it('is accepted by the HSDirs of both rings, and given back byte by byte to who asks', async () => {
    const view = await viewOf(control);
    const plan = planOf(view, master);
    const { introductionPoints } = decode(await descriptorOf(), view, [planOf(view).first.timePeriod]);
    const now = nowSeconds();
    const built = valueOf(
      buildDescriptors({
        masterSecret: master.secret,
        periodLength: view.hsDirParams.periodLength,
        now,
        create2Formats: [2],
        flowControl: '1-2 31',
        maxDescriptorSize: view.hsDirParams.maxDescriptorSize,
        requests: [plan.first, plan.second].map(({ which, timePeriod, srvRunStart }) => ({
          which,
          timePeriod,
          n: counterInput(now, srvRunStart, null),
          introductionPoints,
        })),
      }),
    );
    for (const each of built) {
      for (const { fingerprint } of plan[each.which].store)
        expect(await post(each, fingerprint)).toBe('UPLOADED');
    }
    const used = built.find((each) => each.which === plan.clientsUse)!;
    const [hsDir] = plan[plan.clientsUse].fetch;
    const content = client.nextEvent('the descriptor', 30_000, ({ keyword, text, data }) =>
      keyword === 'HS_DESC_CONTENT' && text.includes(master.address) ? (data ?? '') : undefined,
    );
    await client.command(`HSFETCH ${master.address} SERVER=${hsDir!.fingerprint}`);
    expect((await content).trim()).toBe(used.text.trim());
  });

  it('with the same counter once more is rejected, so the counter is the fence', async () => {
    const view = await viewOf(control);
    const plan = planOf(view, master);
    const { introductionPoints } = decode(await descriptorOf(), view, [planOf(view).first.timePeriod]);
    const [built] = valueOf(
      buildDescriptors({
        masterSecret: master.secret,
        periodLength: view.hsDirParams.periodLength,
        now: nowSeconds(),
        create2Formats: [2],
        flowControl: '1-2 31',
        maxDescriptorSize: view.hsDirParams.maxDescriptorSize,
        requests: [
          {
            which: 'second',
            timePeriod: plan.second.timePeriod,
            n: counterInput(nowSeconds(), plan.second.srvRunStart, null) + 5,
            introductionPoints,
          },
        ],
      }),
    );
    const [hsDir] = plan.second.store;
    expect(await post(built!, hsDir!.fingerprint)).toBe('UPLOADED');
    expect(await post(built!, hsDir!.fingerprint)).toBe('FAILED');
  });
});
