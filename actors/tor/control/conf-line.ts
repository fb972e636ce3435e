import { decodeConfigValue } from './quoting.js';
import type { WireText } from './wire-text.js';

/** One configuration line. A null value stands for a key alone: SETCONF empties it, RESETCONF restores its default. */
export interface ConfLine {
  readonly key: string;
  readonly value: WireText | null;
}

/** A line of a GETCONF reply or of CONF_CHANGED: `Key=value`, or `Key` for an option that is not set. */
export const parseConfLine = (text: WireText): ConfLine => {
  const equals = text.indexOf('=');
  if (equals === -1) return { key: text, value: null };
  return { key: text.slice(0, equals), value: decodeConfigValue(text.slice(equals + 1) as WireText) };
};
