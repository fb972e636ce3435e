import type { ControlMessage } from './reply-parser.js';
import { wireTextFromBytes, wireTextToBytes, type WireText } from './wire-text.js';

/** A value of GETINFO: on one line, or as a data section. */
export interface InfoValue {
  /** As text of one character a byte; a data section keeps the LF that ends its last line. */
  text(): WireText;
  bytes(): Uint8Array;
}

export type InfoValues = ReadonlyMap<string, InfoValue>;

const inlineValue = (text: WireText): InfoValue => ({ text: () => text, bytes: () => wireTextToBytes(text) });
const dataValue = (data: Uint8Array): InfoValue => ({
  text: () => wireTextFromBytes(data),
  bytes: () => data,
});

/** The values of a GETINFO reply; null when one that was asked for is missing. */
export const infoValues = (reply: ControlMessage, keys: readonly string[]): InfoValues | null => {
  const values = new Map<string, InfoValue>();
  // The last line is the 250 OK.
  for (const { text, data } of reply.lines.slice(0, -1)) {
    const equals = text.indexOf('=');
    if (equals === -1) return null;
    const inline = text.slice(equals + 1) as WireText;
    values.set(text.slice(0, equals), data === null ? inlineValue(inline) : dataValue(data));
  }
  return keys.every((key) => values.has(key)) ? values : null;
};
