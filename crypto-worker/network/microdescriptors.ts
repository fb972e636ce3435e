/** The bulk of microdescriptors that GETINFO md/all gives (dir-spec §3.3). */
import type { RelayEd25519Id } from '../brands.js';
import { decodeBase64 } from '../encoding/base64.js';
import { concatBytes, utf8 } from '../encoding/bytes.js';
import { sha256Base64 } from '../hash.js';
import { type Result, failure, ok } from '../result.js';

/** The public network's have 10 MB. */
export const LARGEST_MICRODESCRIPTORS = 128_000_000;
const MOST_MICRODESCRIPTORS = 262_144;

/** Every microdescriptor begins with this line. */
const FIRST_LINE = 'onion-key\n';
const ID_LINE = '\nid ed25519 ';
const NEWLINE = 10;

/** Ed25519 identities by the digest that a consensus' "m" line names; null where a microdescriptor has none. */
export type MicrodescriptorIds = ReadonlyMap<string, RelayEd25519Id | null>;

const ed25519IdIn = (microdescriptor: Buffer): Result<RelayEd25519Id | null> => {
  const at = microdescriptor.indexOf(ID_LINE, 0, 'latin1');
  if (at < 0) return ok(null);
  const start = at + ID_LINE.length;
  const end = microdescriptor.indexOf(NEWLINE, start);
  const id = decodeBase64(microdescriptor.toString('latin1', start, end));
  return id?.length === 32
    ? ok(id as RelayEd25519Id)
    : failure('network.malformed', 'microdescriptors: an "id ed25519" line holds no key');
};

/** Starts of all microdescriptors, and the end of the last. */
const boundaries = (text: Buffer): Result<readonly number[]> => {
  const starts: number[] = [];
  for (
    let at = text.indexOf(FIRST_LINE, 0, 'latin1');
    at >= 0;
    at = text.indexOf(FIRST_LINE, at + 1, 'latin1')
  ) {
    if (at === 0 || text[at - 1] === NEWLINE) starts.push(at);
    if (starts.length > MOST_MICRODESCRIPTORS)
      return failure('network.too-large', 'too many microdescriptors');
  }
  return (starts[0] ?? 0) === 0
    ? ok([...starts, text.length])
    : failure('network.malformed', 'microdescriptors: they do not begin with "onion-key"');
};

/**
 * Digests and identities. The control port leaves out the last newline: it is put back, or the last
 * microdescriptor's digest would be wrong and one HSDir would vanish from the ring unseen.
 */
export const parseMicrodescriptors = (bytes: Uint8Array): Result<MicrodescriptorIds> => {
  if (bytes.length > LARGEST_MICRODESCRIPTORS) {
    return failure('network.too-large', `microdescriptors of ${bytes.length} bytes`);
  }
  const ids = new Map<string, RelayEd25519Id | null>();
  if (bytes.length === 0) return ok(ids);
  const whole = bytes.at(-1) === NEWLINE ? bytes : concatBytes(bytes, utf8('\n'));
  const text = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  const found = boundaries(text);
  if (!found.ok) return found;
  if (found.value.length < 2) return failure('network.malformed', 'microdescriptors: there are none');
  for (let number = 0; number + 1 < found.value.length; number++) {
    const microdescriptor = text.subarray(found.value[number], found.value[number + 1]);
    const id = ed25519IdIn(microdescriptor);
    if (!id.ok) return id;
    ids.set(sha256Base64(microdescriptor), id.value);
  }
  return ok(ids);
};
