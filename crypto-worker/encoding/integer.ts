/** A decimal number without sign or leading zeros, within bounds; null otherwise. */
export const parseUnsigned = (text: string, lowest: number, highest: number): number | null => {
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= lowest && value <= highest ? value : null;
};

/** A decimal number of at most 64 bits; null otherwise. */
export const parseUint64 = (text: string): bigint | null => {
  if (!/^(0|[1-9]\d{0,19})$/.test(text)) return null;
  const value = BigInt(text);
  return value < 1n << 64n ? value : null;
};
