/** The plaintext of the second encryption layer (rend-spec-v3 §2.5.2.2), certificates still as raw bytes. */
import type { Curve25519PublicKey } from '../brands.js';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { latin1 } from '../encoding/bytes.js';
import { parseUnsigned } from '../encoding/integer.js';
import type { LinkSpecifier } from '../introduction-point.js';
import { decodeLinkSpecifiers, encodeLinkSpecifiers } from '../link-specifiers.js';
import { type Failure, type Result, failure, ok } from '../result.js';
import {
  type Item,
  type ItemRule,
  checkItems,
  encodeObject,
  firstItem,
  malformedDocument,
  objectOf,
  parseDocument,
  wordOf,
} from './document.js';
import { parseFlowControl } from './flow-control.js';
import { MOST_INTRODUCTION_POINTS } from './limits.js';

const CERTIFICATE_LABEL = 'ED25519 CERT';
const NTOR_HANDSHAKE = 2;
/** A document of 50 kB cannot hold more sections than this with anything in them. */
const MOST_SECTIONS = 256;

/** An introduction point as it stands in the document. */
export interface IntroductionPointSection {
  readonly linkSpecifiers: readonly LinkSpecifier[];
  readonly onionKey: Curve25519PublicKey;
  readonly authKeyCertificate: Uint8Array;
  readonly encKey: Curve25519PublicKey;
  readonly encKeyCertificate: Uint8Array;
}

export interface InnerHeader {
  readonly create2Formats: readonly number[];
  readonly introAuthRequired: readonly string[];
  readonly singleOnionService: boolean;
  readonly flowControl: string | null;
  /** Everything after "pow-params ". Read, never written: its seed belongs to the one Tor that made it. */
  readonly powParams: string | null;
}

export interface InnerLayer extends InnerHeader {
  readonly introductionPoints: readonly IntroductionPointSection[];
  /** Why sections could not be used: clients skip such points and use the others. */
  readonly skipped: readonly Failure[];
}

const encodeSection = (section: IntroductionPointSection, specifiers: Uint8Array): string =>
  `introduction-point ${encodeBase64(specifiers)}\n` +
  `onion-key ntor ${encodeBase64(section.onionKey)}\n` +
  `auth-key\n${encodeObject(CERTIFICATE_LABEL, section.authKeyCertificate)}\n` +
  `enc-key ntor ${encodeBase64(section.encKey)}\n` +
  `enc-key-cert\n${encodeObject(CERTIFICATE_LABEL, section.encKeyCertificate)}\n`;

const encodeHeader = (header: InnerHeader): string =>
  `create2-formats ${header.create2Formats.join(' ')}\n` +
  (header.introAuthRequired.length > 0 ? `intro-auth-required ${header.introAuthRequired.join(' ')}\n` : '') +
  (header.singleOnionService ? 'single-onion-service\n' : '') +
  (header.flowControl === null ? '' : `flow-control ${header.flowControl}\n`);

/** The document, ended by a newline as C Tor ends it. Line order is C Tor's. */
export const encodeInnerLayer = (
  layer: InnerHeader & { readonly introductionPoints: readonly IntroductionPointSection[] },
): Result<string> => {
  if (layer.flowControl !== null && parseFlowControl(layer.flowControl) === null) {
    return malformedDocument('the flow-control value is not of the form "1-2 31"');
  }
  if (!layer.create2Formats.includes(NTOR_HANDSHAKE))
    return malformedDocument('create2-formats lacks ntor (2)');
  const sections: string[] = [];
  for (const section of layer.introductionPoints) {
    const specifiers = encodeLinkSpecifiers(section.linkSpecifiers);
    if (!specifiers.ok) return specifiers;
    sections.push(encodeSection(section, specifiers.value));
  }
  return ok(encodeHeader(layer) + sections.join(''));
};

const HEADER_RULES: readonly ItemRule[] = [
  { keyword: 'create2-formats', least: 1, most: 1, words: 1, object: null },
  { keyword: 'intro-auth-required', least: 0, most: 1, words: 1, object: null },
  { keyword: 'single-onion-service', least: 0, most: 1, words: 0, object: null },
  { keyword: 'flow-control', least: 0, most: 1, words: 2, object: null },
  { keyword: 'pow-params', least: 0, most: 1, words: 4, object: null },
];

const SECTION_RULES: readonly ItemRule[] = [
  { keyword: 'introduction-point', least: 1, most: 1, words: 1, object: null },
  { keyword: 'auth-key', least: 1, most: 1, words: 0, object: CERTIFICATE_LABEL },
  { keyword: 'enc-key-cert', least: 1, most: 1, words: 0, object: CERTIFICATE_LABEL },
];

/** The one key of type ntor among lines of that keyword; other types are left to the future. */
const ntorKey = (items: readonly Item[], keyword: string): Curve25519PublicKey | null => {
  const lines = items.filter((item) => item.keyword === keyword && item.words[0] === 'ntor');
  const key = lines.length === 1 ? decodeBase64(lines[0]?.words[1] ?? '') : null;
  return key?.length === 32 ? (key as Curve25519PublicKey) : null;
};

const decodeSection = (items: readonly Item[]): Result<IntroductionPointSection> => {
  const wrong = checkItems(items, SECTION_RULES);
  if (wrong !== null) return wrong;
  if (firstItem(items, 'legacy-key') !== null || firstItem(items, 'legacy-key-cert') !== null) {
    return malformedDocument('an introduction point of the obsolete legacy kind');
  }
  const specifierBytes = decodeBase64(wordOf(items, 'introduction-point'));
  if (specifierBytes === null) return failure('descriptor.bad-link-specifiers', 'they are not base64');
  const linkSpecifiers = decodeLinkSpecifiers(specifierBytes);
  if (!linkSpecifiers.ok) return linkSpecifiers;
  const onionKey = ntorKey(items, 'onion-key');
  const encKey = ntorKey(items, 'enc-key');
  if (onionKey === null || encKey === null)
    return malformedDocument('an introduction point lacks an ntor key');
  return ok({
    linkSpecifiers: linkSpecifiers.value,
    onionKey,
    authKeyCertificate: objectOf(items, 'auth-key'),
    encKey,
    encKeyCertificate: objectOf(items, 'enc-key-cert'),
  });
};

const decodeHeader = (items: readonly Item[]): Result<InnerHeader> => {
  const wrong = checkItems(items, HEADER_RULES);
  if (wrong !== null) return wrong;
  if (items[0]?.keyword !== 'create2-formats')
    return malformedDocument('it does not begin with create2-formats');
  const create2Formats = items[0].words.map((word) => parseUnsigned(word, 1, 0xffff));
  if (!create2Formats.every((format) => format !== null))
    return malformedDocument('create2-formats has no numbers');
  if (!create2Formats.includes(NTOR_HANDSHAKE)) return malformedDocument('create2-formats lacks ntor (2)');
  const flowControl = firstItem(items, 'flow-control')?.words.slice(0, 2).join(' ') ?? null;
  if (flowControl !== null && parseFlowControl(flowControl) === null)
    return malformedDocument('flow-control is wrong');
  return ok({
    create2Formats,
    introAuthRequired: firstItem(items, 'intro-auth-required')?.words ?? [],
    singleOnionService: firstItem(items, 'single-onion-service') !== null,
    flowControl,
    powParams: firstItem(items, 'pow-params')?.words.join(' ') ?? null,
  });
};

/** Items before the first introduction point, then one list for each point. */
const splitSections = (items: readonly Item[]): { header: Item[]; sections: Item[][] } => {
  const header: Item[] = [];
  const sections: Item[][] = [];
  for (const item of items) {
    if (item.keyword === 'introduction-point') sections.push([item]);
    else (sections.at(-1) ?? header).push(item);
  }
  return { header, sections };
};

/** Parses the decrypted layer. As in C Tor, a point that cannot be read is skipped, and 21 good ones are too many. */
export const decodeInnerLayer = (plaintext: Uint8Array): Result<InnerLayer> => {
  const parsed = parseDocument(latin1(plaintext));
  if (!parsed.ok) return parsed;
  const { header, sections } = splitSections(parsed.value);
  if (sections.length > MOST_SECTIONS) return malformedDocument(`${sections.length} introduction points`);
  const decodedHeader = decodeHeader(header);
  if (!decodedHeader.ok) return decodedHeader;
  const decoded = sections.map(decodeSection);
  const introductionPoints = decoded.flatMap((section) => (section.ok ? [section.value] : []));
  const skipped = decoded.flatMap((section) => (section.ok ? [] : [section]));
  if (introductionPoints.length > MOST_INTRODUCTION_POINTS) {
    return failure(
      'descriptor.too-many-introduction-points',
      `${introductionPoints.length} introduction points`,
    );
  }
  return ok({ ...decodedHeader.value, introductionPoints, skipped });
};
