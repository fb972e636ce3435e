import {
  ReplyParser,
  type ControlMessage,
  type ReplyLimits,
  type ReplyViolation,
} from '@rustbalance/actors/tor/control/reply-parser.js';
import type { WireText } from '@rustbalance/actors/tor/control/wire-text.js';

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
export const wire = (text: string): WireText => text as WireText;

export interface Parsed {
  readonly messages: readonly ControlMessage[];
  readonly violation: ReplyViolation | null;
  readonly inMessage: boolean;
}

/** Parses a stream that arrives in these chunks. */
export const parseChunks = (
  chunks: readonly Uint8Array[],
  limits?: ReplyLimits,
  dropped?: ReadonlySet<string>,
): Parsed => {
  const parser = new ReplyParser(limits, dropped);
  const messages: ControlMessage[] = [];
  let violation: ReplyViolation | null = null;
  for (const chunk of chunks) {
    const outcome = parser.push(chunk);
    messages.push(...outcome.messages);
    violation = outcome.violation;
  }
  return { messages, violation, inMessage: parser.inMessage };
};

export const parse = (text: string, limits?: ReplyLimits, dropped?: ReadonlySet<string>): Parsed =>
  parseChunks([latin1(text)], limits, dropped);

/** Cuts bytes at the given places (taken modulo the length). */
export const cut = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
};

/** The event that this text is; the text must be one whole event. */
export const oneMessage = (text: string): ControlMessage => {
  const { messages, violation } = parse(text);
  if (messages.length !== 1 || violation !== null) throw new Error(`not one message: ${text}`);
  return messages[0]!;
};
