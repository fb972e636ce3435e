import { rbError, type ErrorCode, type RbError } from '../../kernel/errors.js';
import { redactedOnion } from '../../kernel/redact.js';
import type { ControlMessage } from './reply-parser.js';
import { fromWireText } from './wire-text.js';

const LONGEST_TEXT = 200;

/** Tor's words, fit for a log: printable, bounded, without full onion addresses (Tor repeats arguments). */
export const replyText = (reply: ControlMessage): string => {
  const text = fromWireText(reply.lines[0]?.text ?? ('' as ControlMessage['lines'][number]['text']));
  return text
    .replace(/[a-z2-7]{56}(?:\.onion)?/gi, (address) => redactedOnion(address.slice(0, 56).toLowerCase()))
    .replace(/\p{Cc}/gu, '?')
    .slice(0, LONGEST_TEXT);
};

/** Codes that mean the same for every command (control-spec §4). */
const COMMON: Readonly<Record<number, ErrorCode>> = {
  510: 'control.unsupported',
  511: 'control.unsupported',
  514: 'control.not-authenticated',
};

/** Codes that say more for one command (control-spec §3). */
const BY_COMMAND: Readonly<Record<string, Readonly<Record<number, ErrorCode>>>> = {
  GETINFO: { 551: 'control.not-available', 552: 'control.unknown-key' },
  GETCONF: { 552: 'control.unknown-key' },
  SETCONF: { 513: 'control.option-rejected', 552: 'control.option-rejected', 553: 'control.option-rejected' },
  RESETCONF: {
    513: 'control.option-rejected',
    552: 'control.option-rejected',
    553: 'control.option-rejected',
  },
  HSPOST: { 552: 'control.unknown-hsdir', 554: 'control.invalid-descriptor' },
  HSFETCH: { 552: 'control.unknown-hsdir' },
};

/** The error that a reply other than success stands for; control.rejected where nothing better is known. */
export const replyError = (command: string, reply: ControlMessage, where: string): RbError => {
  const code = BY_COMMAND[command]?.[reply.status] ?? COMMON[reply.status] ?? 'control.rejected';
  return rbError(code, where, { command, status: reply.status, text: replyText(reply) });
};
