const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of `90s`, `15m`, `1h`, `7d`; null for anything else. */
export const durationSecs = (text: string): number | null => {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * SECONDS[unit as keyof typeof SECONDS];
};
