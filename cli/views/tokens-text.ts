import Table from 'cli-table3';
import type { TokensAnswer } from '@rustbalance/supervisor/control-protocol.js';

/** The join tokens for people. */
export const tokensText = ({ tokens }: TokensAnswer): string => {
  if (tokens.length === 0) return 'There are no join tokens.\n';
  const table = new Table({
    head: ['TOKEN', 'STATE', 'ISSUER', 'EXPIRES', 'USES', 'USED BY'],
    style: { head: [], border: [], compact: true },
    chars: Object.fromEntries(
      ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
        .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'])
        .map((name) => [name, ''])
        .concat([['middle', '  ']]),
    ),
  });
  for (const { id, state, issuer, expires_at: expires, uses, used_by: users } of tokens) {
    table.push([
      id,
      state,
      issuer ?? '-',
      expires,
      `${String(users.length)}/${String(uses)}`,
      users.join(', '),
    ]);
  }
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
};
