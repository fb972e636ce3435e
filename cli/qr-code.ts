import { errorData, errorLine } from '@rustbalance/actors/kernel/errors.js';
import { LONGEST_TOKEN } from '@rustbalance/actors/election/join/token-text.js';
import { encodeQR } from 'qr';
import { usageError } from './failure.js';
import type { OptionTable } from './options.js';
import type { CliWorld } from './world.js';

export interface QrArgs {
  readonly qr: boolean;
}

export const qrOption: OptionTable<QrArgs> = {
  qr: { kind: 'flag', description: 'Shows the join token as a QR code as well.' },
};

/** A scanner needs four light modules around the code (ISO/IEC 18004 §9.1). */
const QUIET_ZONE = 4;
/** Light modules are what is drawn, so white upon black is right whatever the terminal's own colours are. */
const WHITE_ON_BLACK = '\u001b[97;40m';
const AS_BEFORE = '\u001b[0m';

/** What a token looks like as lines of half blocks, with the least error correction: it is shown on a screen, unharmed. */
const linesOf = (token: string): readonly string[] =>
  encodeQR(token, 'ascii', { ecc: 'low', encoding: 'byte', border: QUIET_ZONE }).trimEnd().split('\n');

/** @throws UsageError where the output is for programs */
export const refuseQrInJson = (args: QrArgs & { readonly json: boolean }, command: string): void => {
  if (args.qr && args.json) throw usageError(command, '--qr and --json exclude each other');
};

/** Prints the code, or says why there can be none: the token itself stands above. */
export const printQrCode = (token: string, world: CliWorld): void => {
  const complain = (...error: Parameters<typeof errorData>): void =>
    world.complain(`${errorLine(errorData(...error))}\n`);
  if (token.length > LONGEST_TOKEN) {
    complain('cli.qr-too-long', '--qr', { characters: token.length, most: LONGEST_TOKEN });
    return;
  }
  const lines = linesOf(token);
  const columns = lines[0]?.length ?? 0;
  const room = world.columns();
  if (room !== null && room < columns) {
    complain('cli.qr-too-wide', '--qr', { columns, room });
    return;
  }
  const [before, after] = world.isTerminal ? [WHITE_ON_BLACK, AS_BEFORE] : ['', ''];
  world.print(`\n${lines.map((line) => `${before}${line}${after}`).join('\n')}\n`);
};
