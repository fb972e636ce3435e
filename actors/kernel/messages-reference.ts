import { MESSAGES, ownerOf } from './messages.js';
import type { MessageName } from './messages.js';

/** docs/messages.md: every message by its owner. Payloads are types; they stand in the file that is named. */
export const messagesReference = (): string => {
  const names = Object.keys(MESSAGES) as MessageName[];
  const owners = [...new Set(names.map(ownerOf))];
  const file = (owner: string): string =>
    owner === 'host' || owner === 'pool' || owner === 'supervisor'
      ? `actors/kernel/${owner}-messages.ts`
      : `actors/${owner}/messages.ts`;
  return [
    '# Messages',
    '',
    '<!-- Generated from the declarations by `npm run docs`. -->',
    '',
    'A fact is the newest state of something: the router keeps it and gives it again to whoever starts later. A signal is',
    'passed on and forgotten. An order has no answer; a request has one, within a deadline. The prefix is the owner.',
    '',
    '| message | kind | declared in |',
    '| --- | --- | --- |',
    ...owners.flatMap((owner) =>
      names
        .filter((name) => ownerOf(name) === owner)
        .map((name) => `| \`${name}\` | ${MESSAGES[name].kind} | ${file(owner)} |`),
    ),
    '',
  ].join('\n');
};
