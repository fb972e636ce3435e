/**
 * Anything as JSON-safe, bounded data. What an actor shows of itself must reach the operator whatever it holds:
 * a function would make postMessage throw, a bigint JSON, and a table of 8000 relays would drown the dump.
 */
export interface PlainLimits {
  readonly depth: number;
  /** Entries of one object or array. */
  readonly entries: number;
  /** Characters of one string. */
  readonly characters: number;
}

export const INSPECTION_LIMITS: PlainLimits = { depth: 8, entries: 64, characters: 400 };

export type PlainValue =
  string | number | boolean | null | readonly PlainValue[] | { readonly [key: string]: PlainValue };

const shortened = (text: string, { characters }: PlainLimits): string =>
  text.length <= characters ? text : `${text.slice(0, characters)}… (${String(text.length)} characters)`;

const bytesShown = (bytes: Uint8Array): string => `[${String(bytes.byteLength)} bytes]`;

const entriesOf = (pairs: Iterable<readonly [string, unknown]>, limits: PlainLimits): PlainValue => {
  const shown: [string, PlainValue][] = [];
  let left = limits.entries;
  let omitted = 0;
  for (const [key, value] of pairs) {
    if (left-- > 0) shown.push([key, plainValue(value, { ...limits, depth: limits.depth - 1 })]);
    else omitted++;
  }
  if (omitted > 0) shown.push(['…', `${String(omitted)} more`]);
  // Unlike an assignment, this makes a key `__proto__` an entry like any other.
  return Object.fromEntries(shown);
};

const itemsOf = (items: readonly unknown[], limits: PlainLimits): PlainValue => {
  const inner = { ...limits, depth: limits.depth - 1 };
  const shown = items.slice(0, limits.entries).map((item) => plainValue(item, inner));
  if (items.length > limits.entries) shown.push(`… ${String(items.length - limits.entries)} more`);
  return shown;
};

/** Bytes are shown by their number only: they may be key material. */
export const plainValue = (value: unknown, limits: PlainLimits = INSPECTION_LIMITS): PlainValue => {
  switch (typeof value) {
    case 'string':
      return shortened(value, limits);
    case 'number':
      // JSON has no negative zero.
      if (value === 0) return 0;
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'undefined':
      return null;
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      break;
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return bytesShown(value);
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (value instanceof Error) return shortened(value.message, limits);
  if ('toJSON' in value && typeof value.toJSON === 'function') return plainValue(value.toJSON(), limits);
  if (limits.depth <= 0) return '[…]';
  if (Array.isArray(value)) return itemsOf(value, limits);
  if (value instanceof Set) return itemsOf([...value], limits);
  if (value instanceof Map) {
    return entriesOf(
      [...value].map(([key, item]) => [String(key), item] as const),
      limits,
    );
  }
  return entriesOf(Object.entries(value), limits);
};
