import { CATALOGUE } from '../../kernel/error-catalogue.js';
import { isCount, isFields, isListOf } from '../../kernel/checks.js';
import type { ErrorCode, ErrorData } from '../../kernel/errors.js';
import { MOST_DEEDS, MOST_ENTRIES } from './history.js';
import type { History, HistoryDeed, HistoryEntry } from './history.js';

const LONGEST_TEXT = 2000;
const MOST_TIMES = 1000;

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= LONGEST_TEXT;

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

export const isTimes = (value: unknown): value is readonly number[] => isListOf(value, MOST_TIMES, isTime);

const isScalar = (value: unknown): boolean =>
  isText(value) || typeof value === 'number' || typeof value === 'boolean';

const isError = (value: unknown): value is ErrorData =>
  isFields(value) &&
  isText(value['code']) &&
  isText(value['what']) &&
  isText(value['where']) &&
  isText(value['action']) &&
  isFields(value['detail']) &&
  Object.values(value['detail']).every(isScalar);

const isDeed = (value: unknown): value is HistoryDeed =>
  isFields(value) && isTime(value['atMs']) && isText(value['what']);

const isEntry = (value: unknown): value is HistoryEntry =>
  isFields(value) &&
  isError(value['error']) &&
  isTime(value['startedAtMs']) &&
  (value['endedAtMs'] === null || isTime(value['endedAtMs'])) &&
  isCount(value['times']) &&
  isListOf(value['done'], MOST_DEEDS, isDeed) &&
  isCount(value['forgotten']);

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(CATALOGUE, code);

/** A history as it was saved; null when it is none. Entries with codes of another version are left out. */
export const historyIn = (value: unknown): History | null => {
  if (!isListOf(value, MOST_ENTRIES, isEntry)) return null;
  return value.filter(({ error }) => isKnown(error.code));
};
