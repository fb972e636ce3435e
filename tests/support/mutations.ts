import fc from 'fast-check';

/** One small damage to a piece of bytes. */
export type Mutation = {
  /** Where, modulo the length. */
  readonly at: number;
  readonly kind: 'flip' | 'insert' | 'delete' | 'copy' | 'cut';
  readonly byte: number;
  readonly length: number;
};

export const mutate = (bytes: Buffer, { at, kind, byte, length }: Mutation): Buffer => {
  const offset = at % (bytes.length + 1);
  const before = bytes.subarray(0, offset);
  const after = bytes.subarray(offset);
  switch (kind) {
    case 'flip':
      return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, Buffer.alloc(1 + (length % 4), byte), after]);
    case 'delete':
      return Buffer.concat([before, after.subarray(length)]);
    case 'copy':
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 'cut':
      return before;
  }
};

const bytesOf = (characters: string): number[] => [...Buffer.from(characters, 'latin1')];

/** What lines, lists and lengths of HTTP are made of. */
export const HTTP_MARKS = bytesOf('\0\t\n\v\r ,-09:;\x7f\x80\xff');
/** What TOML and JSON are made of. */
export const DOCUMENT_MARKS = bytesOf('\0\t\n\r "\'#+,-.09:=[\\]_e{}\x7f\x80\xff');

const mutationsOf = (marks: readonly number[]): fc.Arbitrary<Mutation> =>
  fc.record({
    at: fc.nat(100_000),
    kind: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('flip' as const, 'insert' as const) },
      { weight: 4, arbitrary: fc.constantFrom('delete' as const, 'copy' as const) },
      // Rare, since what is cut off early hides every other damage.
      { weight: 1, arbitrary: fc.constant('cut' as const) },
    ),
    byte: fc.oneof(
      fc.constantFrom(...marks),
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.integer({ min: 0, max: 255 }),
    ),
    length: fc.integer({ min: 1, max: 40 }),
  });

/** One of the valid seeds (texts are latin1), damaged in one to four places, mostly in one. */
export const mutated = (
  seeds: readonly (string | Uint8Array)[],
  marks: readonly number[] = HTTP_MARKS,
): fc.Arbitrary<Buffer> => {
  const buffers = seeds.map((seed) =>
    typeof seed === 'string' ? Buffer.from(seed, 'latin1') : Buffer.from(seed),
  );
  const mutation = mutationsOf(marks);
  return fc
    .tuple(fc.constantFrom(...buffers), mutation, fc.array(mutation, { maxLength: 3, size: 'xsmall' }))
    .map(([seed, first, others]) => [first, ...others].reduce(mutate, seed));
};
