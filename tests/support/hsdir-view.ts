import { withoutOnion, type StockClient } from './stock-client.js';
import type { ControlEvent } from './tor-network/control-connection.js';

/** What one HSDir answered about an address. */
export type HsDirAnswer =
  | { readonly found: true; /** The outer descriptor document. */ readonly text: string }
  | { readonly found: false; /** Tor's word, e.g. NOT_FOUND. */ readonly reason: string };

/** An HSDir's place on the ring of the clients' time period, as Tor itself computed it. */
export interface HsDirIndex {
  readonly fingerprint: string;
  /** 64 upper-case hex digits: `hsdir_index` of rend-spec-v3 §2.2.3. */
  readonly index: string;
}

// Measured on tor 0.4.9.11: 0.1–0.3 s; a stopped HSDir never answers.
const DEFAULT_TIMEOUT_MS = 15_000;

interface HsDescEvent {
  readonly action: string;
  readonly address: string;
  readonly fingerprint: string;
  readonly rest: string;
}

/** `HS_DESC action address auth hsdir …` (control-spec §4.1.25). */
const hsDescEvent = ({ keyword, text }: ControlEvent): HsDescEvent | undefined => {
  if (keyword !== 'HS_DESC') return undefined;
  const [action = '', address = '', , hsdir = ''] = text.split(' ');
  return { action, address, fingerprint: hsdir.slice(1, 41).toUpperCase(), rest: text };
};

const contentOf = (event: ControlEvent, address: string, fingerprint: string): string | undefined => {
  if (event.keyword !== 'HS_DESC_CONTENT') return undefined;
  const [of = '', , hsdir = ''] = event.text.split(' ');
  return of === address && hsdir.slice(1, 41).toUpperCase() === fingerprint ? event.data : undefined;
};

/**
 * Asks one named HSDir for the descriptor of an address (of the time period that clients use now).
 *
 * @param fingerprint 40 hex digits
 * @throws NotInTimeError when the HSDir gives no answer
 */
export const fetchFromHsDir = async (
  client: StockClient,
  address: string,
  fingerprint: string,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<HsDirAnswer> => {
  const control = await client.tor.control();
  await control.subscribe('HS_DESC', 'HS_DESC_CONTENT');
  const onion = withoutOnion(address);
  let reason: string | undefined;
  const answered = control.nextEvent(
    `an answer of HSDir ${fingerprint}`,
    timeoutMs,
    (event): HsDirAnswer | undefined => {
      const told = hsDescEvent(event);
      if (told?.action === 'FAILED' && told.address === onion && told.fingerprint === fingerprint) {
        reason = /REASON=(\S+)/.exec(told.rest)?.[1] ?? 'UNKNOWN';
      }
      // An empty content follows every failure, and a content alone every success.
      const text = contentOf(event, onion, fingerprint);
      if (text === undefined) return undefined;
      return text === '' || reason !== undefined
        ? { found: false, reason: reason ?? 'EMPTY' }
        : { found: true, text };
    },
  );
  const [answer] = await Promise.all([answered, control.command(`HSFETCH ${onion} SERVER=${fingerprint}`)]);
  return answer;
};

/**
 * Tor's own ring arithmetic: the `HSDIR_INDEX` that it prints when it asks each of these HSDirs for an address.
 *
 * @param fingerprints of the HSDirs wanted
 */
export const hsdirIndexes = async (
  client: StockClient,
  address: string,
  fingerprints: readonly string[],
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<HsDirIndex[]> => {
  const control = await client.tor.control();
  await control.subscribe('HS_DESC');
  const onion = withoutOnion(address);
  const ask = async (fingerprint: string): Promise<HsDirIndex> => {
    const requested = control.nextEvent(`a request to HSDir ${fingerprint}`, timeoutMs, (event) => {
      const told = hsDescEvent(event);
      if (told?.action !== 'REQUESTED' || told.address !== onion || told.fingerprint !== fingerprint)
        return undefined;
      return /HSDIR_INDEX=([0-9A-Fa-f]{64})/.exec(told.rest)?.[1]?.toUpperCase();
    });
    const [index] = await Promise.all([requested, control.command(`HSFETCH ${onion} SERVER=${fingerprint}`)]);
    return { fingerprint, index };
  };
  const indexes: HsDirIndex[] = [];
  // One after the other: a client keeps few circuits pending.
  for (const fingerprint of fingerprints) indexes.push(await ask(fingerprint));
  return indexes;
};
