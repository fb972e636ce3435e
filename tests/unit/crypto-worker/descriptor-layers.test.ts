import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { parseFlowControl } from '@rustbalance/crypto-worker/descriptor/flow-control.js';
import { decodeInnerLayer, encodeInnerLayer } from '@rustbalance/crypto-worker/descriptor/inner-layer.js';
import { decodeMiddleLayer } from '@rustbalance/crypto-worker/descriptor/middle-layer.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import {
  NOW,
  PERIOD,
  PERIOD_LENGTH,
  codeOf,
  damage,
  damages,
  identityNamed,
  orderOf,
  pointsNamed,
  valueOf,
} from './given.js';
import { openLayers } from './open-layers.js';

const identity = identityNamed('master');
const [built] = valueOf(buildDescriptors(orderOf(identity, pointsNamed('p', 3))));
const opened = openLayers(built!.text, identity.publicKey, PERIOD);
const innerText = Buffer.from(opened.inner).toString('latin1');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const decode = (text: string) =>
  decodeDescriptor({
    descriptor: bytes(text),
    identity: identity.publicKey,
    periodLength: PERIOD_LENGTH,
    timePeriods: [PERIOD],
    now: NOW,
    maxDescriptorSize: 100_000,
  });
const withInner = (text: string): DecodedDescriptor => valueOf(decode(opened.reseal(text)));

describe('an inner layer', () => {
  it('is written again as it was read', () => {
    expect(valueOf(encodeInnerLayer(valueOf(decodeInnerLayer(opened.inner))))).toBe(innerText);
  });

  it("reports another Tor's proof-of-work parameters and never writes them", () => {
    const pow = 'v1 AAAA 7 2026-01-01T00:00:00';
    const text = innerText.replace('flow-control 1-2 31\n', `flow-control 1-2 31\npow-params ${pow}\n`);
    const decoded = valueOf(decodeInnerLayer(bytes(text)));
    expect(decoded.powParams).toBe(pow);
    expect(withInner(text).powParams).toBe(pow);
    expect(valueOf(encodeInnerLayer(decoded))).toBe(innerText);
  });

  it('may hold single-onion-service, intro-auth-required, unknown lines and other key types', () => {
    const text = innerText
      .replace(
        'create2-formats 2\n',
        'create2-formats 2 3\nintro-auth-required ed25519\nsingle-onion-service\nnew 1\n',
      )
      .replaceAll('onion-key ntor', 'onion-key new x\nonion-key ntor');
    const decoded = withInner(text);
    expect(decoded).toMatchObject({ singleOnionService: true, create2Formats: [2, 3], skipped: [] });
    expect(decoded.introductionPoints).toHaveLength(3);
  });

  it('may hold no introduction points', () => {
    expect(withInner('create2-formats 2\n').introductionPoints).toEqual([]);
  });

  it.each([
    ['without create2-formats', (t: string) => t.replace('create2-formats 2\n', '')],
    ['without ntor', (t: string) => t.replace('create2-formats 2', 'create2-formats 3')],
    [
      'with create2-formats that are no numbers',
      (t: string) => t.replace('create2-formats 2', 'create2-formats 2 x'),
    ],
    [
      'with two flow-control lines',
      (t: string) => t.replace('flow-control', 'flow-control 1 31\nflow-control'),
    ],
    ['with a SENDME increment of 0', (t: string) => t.replace('1-2 31', '1-2 0')],
    ['with a line of two spaces', (t: string) => t.replace('formats 2', 'formats  2')],
    ['with an object that does not end', (t: string) => t.slice(0, -40)],
  ])('%s is refused', (_, change) => {
    expect(change(innerText)).not.toBe(innerText);
    expect(codeOf(decode(opened.reseal(change(innerText))))).toBe('descriptor.malformed');
  });

  const sections = innerText.split(/(?=introduction-point )/);

  it('with 21 usable introduction points is refused, as clients refuse it', () => {
    const twenty = [sections[0], ...Array<string>(20).fill(sections[1]!)].join('');
    expect(withInner(twenty).introductionPoints).toHaveLength(20);
    expect(codeOf(decode(opened.reseal(twenty + sections[1]!)))).toBe(
      'descriptor.too-many-introduction-points',
    );
  });

  it.each([
    ['a legacy key', (t: string) => `${t}legacy-key\n`, 'descriptor.malformed'],
    ['no encryption key', (t: string) => t.replace('enc-key ntor', 'enc-key other'), 'descriptor.malformed'],
    [
      'two ntor onion keys',
      (t: string) => t.replace(/(onion-key ntor .*\n)/, '$1$1'),
      'descriptor.malformed',
    ],
    [
      'link specifiers that are cut off',
      (t: string) => t.replace(/point ..../, 'point '),
      'descriptor.bad-link-specifiers',
    ],
    [
      'link specifiers that are not base64',
      (t: string) => t.replace(/point .../, 'point ?'),
      'descriptor.bad-link-specifiers',
    ],
    [
      'an auth-key certificate of the wrong type',
      (t: string) => swapCertificates(t),
      'certificate.wrong-type',
    ],
    [
      'a damaged certificate',
      (t: string) => t.replace(/(CERT-----\n.{20})./, '$1!').replace('!', 'A'),
      'certificate',
    ],
  ])('skips an introduction point with %s, says why, and keeps the others', (_, change, code) => {
    const broken = change(sections[2]!);
    expect(broken).not.toBe(sections[2]);
    const decoded = withInner([sections[0], sections[1], broken, sections[3]].join(''));
    expect(decoded.introductionPoints).toHaveLength(2);
    expect(decoded.skipped.map((each) => each.code.startsWith(code))).toEqual([true]);
  });

  it('with any damage gives a code or a layer, and never throws', () => {
    fc.assert(
      fc.property(damages, damages, (one, two) => {
        const result = decodeInnerLayer(damage(damage(opened.inner, one), two));
        if (!result.ok) expect(result.code).toMatch(/^descriptor\./);
      }),
      { numRuns: 300 },
    );
  });
});

const CERTIFICATE = /-----BEGIN ED25519 CERT-----[^]*?-----END ED25519 CERT-----/g;
const swapCertificates = (section: string): string => {
  const [auth, enc] = section.match(CERTIFICATE) ?? [];
  return section.replace(auth!, '@').replace(enc!, auth!).replace('@', enc!);
};

describe('a middle layer', () => {
  const whole = Buffer.from(opened.middle).toString('latin1');
  const document = whole.slice(0, whole.indexOf('\0'));

  it('with or without a newline before the padding is read', () => {
    expect(decode(opened.reseal(innerText, (text) => `${text}\n`)).ok).toBe(true);
    expect(decode(opened.reseal(innerText, (text) => text)).ok).toBe(true);
  });

  it('with any number of auth-client lines is read', () => {
    const line = /auth-client .*\n/.exec(document)![0];
    const more = opened.reseal(innerText, (text) => text.replace(line, line.repeat(33)));
    expect(valueOf(decode(more)).authClients).toBe(48);
  });

  it.each([
    ['without auth-client lines', (t: string) => t.replace(/auth-client .*\n/g, '')],
    ['of another auth type', (t: string) => t.replace('desc-auth-type x25519', 'desc-auth-type none')],
    ['that begins with something else', (t: string) => `new 1\n${t}`],
    ['with an ephemeral key of 31 bytes', (t: string) => t.replace(/(ephemeral-key .{40}).*/, '$1A==')],
    [
      'with an iv of 15 bytes',
      (t: string) => t.replace(/(auth-client \S+) .{22}/, '$1 AAAAAAAAAAAAAAAAAAAA'),
    ],
    ['with a word missing', (t: string) => t.replace(/(auth-client \S+ \S+) \S+/, '$1')],
    ['without the inner layer', (t: string) => t.slice(0, t.indexOf('encrypted\n'))],
    ['that is nothing but padding', () => ''],
  ])('%s is refused', (_, change) => {
    expect(codeOf(decodeMiddleLayer(bytes(change(document))))).toBe('descriptor.malformed');
  });

  it('with any damage gives a code or a layer, and never throws', () => {
    fc.assert(
      fc.property(damages, damages, (one, two) => {
        const result = decodeMiddleLayer(damage(damage(bytes(document), one), two));
        if (!result.ok) expect(result.code).toMatch(/^descriptor\./);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a flow-control value', () => {
  it('is versions and a SENDME increment', () => {
    expect(parseFlowControl('1-2 31')).toEqual({ versions: [[1, 2]], sendmeIncrement: 31 });
    expect(parseFlowControl('1,3-4 255')).toEqual({
      versions: [
        [1, 1],
        [3, 4],
      ],
      sendmeIncrement: 255,
    });
  });

  it.each([
    '',
    '1-2',
    '1-2 0',
    '1-2 256',
    '2-1 31',
    '1-2 31 ',
    '1-2  31',
    '1-2 31\n',
    'a 31',
    '1- 31',
    '1-2 31 9',
  ])('is refused as %j', (text) => {
    expect(parseFlowControl(text)).toBeNull();
  });
});
