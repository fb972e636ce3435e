import type { Brand } from '@rustbalance/crypto-worker/brands.js';

/**
 * Text as it stands on the control port: one character is one byte (latin1). Tor passes bytes above 127
 * through unchanged, so what was read can be sent again exactly, whatever encoding its author used.
 */
export type WireText = Brand<string, 'WireText'>;

export const wireTextFromBytes = (bytes: Uint8Array): WireText =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as WireText;

export const wireTextToBytes = (text: WireText): Uint8Array => Buffer.from(text, 'latin1');

/** Text of ours (a path, a port line) as UTF-8 bytes, which is how Tor and the file system take it. */
export const toWireText = (text: string): WireText =>
  Buffer.from(text, 'utf8').toString('latin1') as WireText;

/** Wire text for people and the file system: read as UTF-8; bytes that are not UTF-8 become U+FFFD. */
export const fromWireText = (text: WireText): string => Buffer.from(text, 'latin1').toString('utf8');

/**
 * Characters that would end or truncate a line: whoever smuggles one into an argument sends a command of his
 * own. Nothing with one of them is ever sent.
 */
export const breaksLine = (text: string): boolean => /[\r\n\0]/.test(text);
