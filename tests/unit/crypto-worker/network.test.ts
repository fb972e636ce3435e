import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelayFingerprint, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { introductionPointProblem } from '@rustbalance/crypto-worker/introduction-point-check.js';
import { parseNetwork } from '@rustbalance/crypto-worker/network/network-view.js';
import { supportsProtocol } from '@rustbalance/crypto-worker/network/protocol-versions.js';
import { relayByFingerprint, rowOf } from '@rustbalance/crypto-worker/network/relay-table.js';
import type { Result } from '@rustbalance/crypto-worker/result.js';
import { publicationPlan } from '@rustbalance/crypto-worker/ring/publication-plan.js';
import { responsibleHsDirs } from '@rustbalance/crypto-worker/ring/responsible-hsdirs.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { NOW, bytesOf, codeOf, damage, damages, identityNamed, pointNamed, toHex, valueOf } from './given.js';
import {
  type NetworkText,
  type RelayText,
  SHARED_RANDOM,
  consensusText,
  fingerprintOf,
  microdescriptorOf,
  microdescriptorsText,
} from './network-text.js';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const relayNames = (count: number): RelayText[] =>
  Array.from({ length: count }, (_, at) => ({ name: `relay${at}` }));
const parseTexts = (
  consensus: string,
  microdescriptors: string,
  testingTorNetwork = false,
): Result<NetworkView> =>
  parseNetwork({ consensus: bytes(consensus), microdescriptors: bytes(microdescriptors), testingTorNetwork });
const parse = (text: NetworkText, testingTorNetwork = false): NetworkView =>
  valueOf(parseTexts(consensusText(text), microdescriptorsText(text.relays), testingTorNetwork));
const fingerprint = (name: string): RelayFingerprint =>
  toHex(fingerprintOf(name)).toUpperCase() as RelayFingerprint;

describe('the view of a network', () => {
  it('has times, shared random values, parameters and relays', () => {
    const view = parse({ relays: relayNames(7) });
    const at = (hour: number): number => Date.UTC(2026, 2, 1, hour) / 1000;
    expect(view).toMatchObject({
      validAfter: at(13),
      freshUntil: at(14),
      validUntil: at(16),
      votingIntervalSeconds: 3600,
      sharedRandomCurrent: bytesOf('srv current'),
      sharedRandomPrevious: bytesOf('srv previous'),
      params: { CircuitPriorityHalflifeMsec: 30_000, hsdir_spread_store: 4, cc_alg: 2 },
      completeness: { relays: 7, microdescriptors: 7, hsDirs: 7, hsDirsWithoutMicrodescriptor: 0 },
    });
    for (const { name } of relayNames(7)) {
      expect(relayByFingerprint(view.relays, fingerprint(name))).toEqual({
        fingerprint: fingerprint(name),
        ed25519Id: bytesOf(`id ${name}`),
        running: true,
        valid: true,
        hsDir: true,
      });
    }
    expect(rowOf(view.relays, fingerprint('stranger'))).toBeNull();
    expect(rowOf(view.relays, 'xyz' as RelayFingerprint)).toBeNull();
  });

  it("puts the last newline back that the control port leaves out, so that no HSDir's digest is wrong", () => {
    const relays = relayNames(5);
    const cut = microdescriptorsText(relays);
    expect(cut.endsWith('\n')).toBe(false);
    expect(parseTexts(consensusText({ relays }), cut)).toEqual(
      parseTexts(consensusText({ relays }), `${cut}\n`),
    );
    expect(parse({ relays }).completeness.hsDirsWithoutMicrodescriptor).toBe(0);
  });

  it('counts the HSDirs whose microdescriptor is missing, and those only', () => {
    const relays = relayNames(6).map((relay, at) => (at < 2 ? { ...relay, flags: 'Running Valid' } : relay));
    const some = microdescriptorsText([relays[2]!, relays[4]!]);
    expect(valueOf(parseTexts(consensusText({ relays }), some)).completeness).toEqual({
      relays: 6,
      microdescriptors: 2,
      hsDirs: 4,
      hsDirsWithoutMicrodescriptor: 2,
    });
  });

  it('takes an HSDir for one by flag and protocol HSDir=2, and a relay by microdescriptor of that consensus', () => {
    const view = parse({
      relays: [
        { name: 'good' },
        { name: 'old', protocols: 'HSDir=1 Link=1-5' },
        { name: 'noflag', flags: 'Running Valid' },
        { name: 'down', flags: 'HSDir Valid' },
        { name: 'noid', microdescriptor: 'onion-key\nntor-onion-key x\n' },
      ],
    });
    const row = (name: string) => relayByFingerprint(view.relays, fingerprint(name))!;
    expect([row('good').hsDir, row('old').hsDir, row('noflag').hsDir]).toEqual([true, false, false]);
    expect(row('down').running).toBe(false);
    expect(row('noid').ed25519Id).toBeNull();
    expect(view.completeness.hsDirsWithoutMicrodescriptor).toBe(0);
  });

  it('of a young network has no shared random values', () => {
    const view = parse({ relays: relayNames(3), sharedRandom: '' });
    expect([view.sharedRandomCurrent, view.sharedRandomPrevious]).toEqual([null, null]);
  });

  it("has Tor's defaults and bounds for the parameters of HSDirs", () => {
    expect(parse({ relays: [], params: 'x=1' }).hsDirParams).toEqual({
      periodLength: 1440,
      replicas: 2,
      spreadStore: 4,
      spreadFetch: 3,
      maxDescriptorSize: 50_000,
    });
    const params =
      'HSV3MaxDescriptorSize=100000 hsdir_interval=1 hsdir_n_replicas=99 hsdir_spread_fetch=0 hsdir_spread_store=1';
    expect(parse({ relays: [], params }).hsDirParams).toEqual({
      periodLength: 30,
      replicas: 16,
      spreadStore: 1,
      spreadFetch: 1,
      maxDescriptorSize: 100_000,
    });
  });

  it('on a testing network has periods of 24 voting intervals, whatever hsdir_interval says', () => {
    const times =
      'valid-after 2026-03-01 13:00:00\nfresh-until 2026-03-01 13:00:10\nvalid-until 2026-03-01 13:00:30\n';
    expect(parse({ relays: [], times, params: 'hsdir_interval=1440' }, true).hsDirParams.periodLength).toBe(
      4,
    );
    expect(parse({ relays: [], times, params: 'hsdir_interval=1440' }, false).hsDirParams.periodLength).toBe(
      1440,
    );
  });
});

describe('a consensus', () => {
  const good = consensusText({ relays: relayNames(3) });
  const microdescriptors = microdescriptorsText(relayNames(3));

  it.each<[string, (text: string) => string, string]>([
    ['empty', () => '', 'network.malformed'],
    ['of the wrong flavour', (t) => t.replace('3 microdesc', '3'), 'network.malformed'],
    ['that is a vote', (t) => t.replace('vote-status consensus', 'vote-status vote'), 'network.malformed'],
    ['that is cut off', (t) => t.slice(0, t.indexOf('directory-footer')), 'network.malformed'],
    ['without valid-after', (t) => t.replace(/valid-after.*\n/, ''), 'network.malformed'],
    ['with two valid-after', (t) => t.replace(/(valid-after.*\n)/, '$1$1'), 'network.malformed'],
    [
      'with a day that does not exist',
      (t) => t.replace('valid-after 2026-03-01', 'valid-after 2026-02-30'),
      'network.malformed',
    ],
    [
      'that was fresh before it was valid',
      (t) => t.replace('fresh-until 2026-03-01', 'fresh-until 2026-02-01'),
      'network.malformed',
    ],
    [
      'with a shared random value of 31 bytes',
      (t) => t.replace(/(current-value 9 .{40}).*/, '$1AA=='),
      'network.malformed',
    ],
    ['with a relay twice', (t) => t.replace(/(r relay1 [^]*?)(r relay2)/, '$1$1$2'), 'network.malformed'],
    [
      'with an identity of 19 bytes',
      (t) => t.replace(/(r relay1 ).{27}/, `$1${'A'.repeat(26)}`),
      'network.malformed',
    ],
    ['with a relay without flags', (t) => t.replace(/s Fast.*\n/, ''), 'network.malformed'],
    ['with a relay with two microdescriptors', (t) => t.replace(/(m .*\n)/, '$1$1'), 'network.malformed'],
    ['with a digest of another length', (t) => t.replace(/\nm ../, '\nm '), 'network.malformed'],
    [
      'with a parameter that is no number',
      (t) => t.replace('cc_alg=2', 'cc_alg=two'),
      'network.bad-parameter',
    ],
    [
      'with a parameter of 33 bits',
      (t) => t.replace('cc_alg=2', 'cc_alg=2147483648'),
      'network.bad-parameter',
    ],
    ['with a parameter twice', (t) => t.replace('cc_alg=2', 'cc_alg=2 cc_alg=2'), 'network.bad-parameter'],
  ])('%s is refused', (_, change, code) => {
    expect(change(good)).not.toBe(good);
    expect(codeOf(parseTexts(change(good), microdescriptors))).toBe(code);
  });

  it('with a parameter called __proto__ does no harm', () => {
    const view = valueOf(parseTexts(good.replace('cc_alg=2', '__proto__=7'), microdescriptors));
    expect(view.hsDirParams.replicas).toBe(2);
    expect(Object.keys(view.params)).toContain('__proto__');
  });

  it('whose voting interval gives no time period on a testing network is refused', () => {
    const fast = good.replace('fresh-until 2026-03-01 14:00:00', 'fresh-until 2026-03-01 13:00:02');
    expect(codeOf(parseTexts(fast, microdescriptors, true))).toBe('network.bad-parameter');
  });

  it('too large is refused before it is parsed', () => {
    const consensus = new Uint8Array(32_000_001);
    expect(
      codeOf(parseNetwork({ consensus, microdescriptors: new Uint8Array(), testingTorNetwork: false })),
    ).toBe('network.too-large');
  });

  it('with any damage gives a view or a code, and never throws', () => {
    fc.assert(
      fc.property(damages, damages, (one, two) => {
        const result = parseNetwork({
          consensus: damage(damage(bytes(good), one), two),
          microdescriptors: bytes(microdescriptors),
          testingTorNetwork: false,
        });
        if (!result.ok) expect(result.code).toMatch(/^network\./);
      }),
      { numRuns: 300 },
    );
  });
});

describe('microdescriptors', () => {
  const relays = relayNames(3);
  const consensus = consensusText({ relays });

  it('may be none at all', () => {
    expect(valueOf(parseTexts(consensus, '')).completeness.hsDirsWithoutMicrodescriptor).toBe(3);
  });

  it.each([
    ['that begin with something else', `x\n${microdescriptorOf('relay0')}`],
    ['that are no microdescriptors', 'nonsense'],
    ['with an identity of 31 bytes', microdescriptorOf('relay0').replace(/(id ed25519 .{40}).*/, '$1AA')],
  ])('%s are refused', (_, text) => {
    expect(codeOf(parseTexts(consensus, text))).toBe('network.malformed');
  });

  it('with any damage give a view or a code, and never throw', () => {
    fc.assert(
      fc.property(damages, damages, (one, two) => {
        const broken = damage(damage(bytes(microdescriptorsText(relays)), one), two);
        const result = parseNetwork({
          consensus: bytes(consensus),
          microdescriptors: broken,
          testingTorNetwork: false,
        });
        if (!result.ok) expect(result.code).toBe('network.malformed');
      }),
      { numRuns: 200 },
    );
  });
});

describe('protocol versions', () => {
  it.each([
    ['HSDir=2', true],
    ['HSDir=1-2', true],
    ['HSDir=1,2', true],
    ['HSDir=1,3-4', false],
    ['HSDir=', false],
    ['HSDir', false],
    ['HSDir=x', false],
    ['XHSDir=2', false],
    ['Link=2', false],
  ])('in "%s" include HSDir 2: %s', (words, supported) => {
    expect(supportsProtocol(words.split(' '), 'HSDir', 2)).toBe(supported);
  });
});

describe('a publication plan', () => {
  const identity = identityNamed('service').publicKey;
  const network = parse({ relays: relayNames(40) });

  it('has for both descriptors keys, run start and the HSDirs of their own rings', () => {
    const plan = valueOf(publicationPlan({ identity, network }));
    // 13:00 UTC lies between the period that began at noon and the value of midnight.
    expect(plan.betweenTimePeriodAndSrv).toBe(true);
    expect(plan.clientsUse).toBe('second');
    expect(plan.second.timePeriod).toBe(plan.first.timePeriod + 1);
    for (const each of [plan.first, plan.second]) {
      expect(each.store).toHaveLength(8);
      expect(each.fetch).toHaveLength(6);
      const again = responsibleHsDirs({
        blindedKey: each.blindedKey,
        timePeriod: each.timePeriod,
        sharedRandom: each.sharedRandom,
        params: network.hsDirParams,
        relays: network.relays,
      });
      expect(valueOf(again)).toEqual({ store: each.store, fetch: each.fetch });
    }
    expect(plan.first.sharedRandom).toEqual(network.sharedRandomPrevious);
    expect(plan.second.sharedRandom).toEqual(network.sharedRandomCurrent);
  });

  it('without shared random values still has a ring, and says that it has none', () => {
    const young = parse({ relays: relayNames(40), sharedRandom: SHARED_RANDOM.split('\n')[1]! + '\n' });
    const plan = valueOf(publicationPlan({ identity, network: young }));
    expect(plan.first.sharedRandom).toBeNull();
    expect(plan.first.store).toHaveLength(8);
  });

  it('of a network without HSDirs is refused', () => {
    expect(codeOf(publicationPlan({ identity, network: parse({ relays: [] }) }))).toBe('network.no-hsdirs');
  });
});

describe("a peer's introduction point", () => {
  const at = (relay: string) => ({
    ...pointNamed('p'),
    linkSpecifiers: [
      { type: 2, data: fingerprintOf(relay) },
      { type: 3, data: bytesOf(`id ${relay}`) },
    ],
  });
  const { relays } = parse({ relays: [{ name: 'up' }, { name: 'down', flags: 'Valid' }] });
  const problem = (point: ReturnType<typeof at>, now = NOW) =>
    introductionPointProblem(point, { relays, now })?.code;

  it('at a running relay, not expired and with good keys has no problem', () => {
    expect(problem(at('up'))).toBeUndefined();
  });

  it('has its problem named', () => {
    const good = at('up');
    expect(problem(at('stranger'))).toBe('introduction-point.unknown-relay');
    expect(problem(at('down'))).toBe('introduction-point.unknown-relay');
    expect(problem(good, good.expires as UnixSeconds)).toBe('introduction-point.expired');
    expect(problem({ ...good, encKey: new Uint8Array(32) as typeof good.encKey })).toBe(
      'introduction-point.bad-key',
    );
    expect(problem({ ...good, linkSpecifiers: [] })).toBe('descriptor.bad-link-specifiers');
    const mixed = {
      ...good,
      linkSpecifiers: [good.linkSpecifiers[0]!, { type: 3, data: bytesOf('id down') }],
    };
    expect(problem(mixed)).toBe('introduction-point.unknown-relay');
  });
});
