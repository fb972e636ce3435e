/** Checks of what comes from outside, for threads in which zod would cost 14 MiB and 50 ms of their start for a field or two. */

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A non-negative integer that a number holds exactly. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** An array of so many at most, each as asked. */
export const isListOf = <T>(
  value: unknown,
  most: number,
  isOne: (one: unknown) => one is T,
): value is readonly T[] => Array.isArray(value) && value.length <= most && value.every(isOne);

/** Absent, or as asked. */
export const isOptional = <T>(value: unknown, isOne: (one: unknown) => one is T): value is T | undefined =>
  value === undefined || isOne(value);

export const isString = (value: unknown): value is string => typeof value === 'string';

export const isNumber = (value: unknown): value is number => typeof value === 'number';
