import { describe, expect, it } from 'vitest';
import { privateDirectoryFault, type PathFacts } from '@rustbalance/actors/tor/directory-check.js';

const directory = (over: Partial<PathFacts> = {}): PathFacts => ({
  isDirectory: true,
  uid: 100,
  mode: 0o700,
  ...over,
});
const fault = (itself: PathFacts | null, parent: PathFacts | null) =>
  privateDirectoryFault('/var/lib/tor/instance', 100, itself, parent);

describe('a directory that Tor shall keep secrets in', () => {
  it.each([
    ["is Tor's own with mode 0700", directory(), directory()],
    ['does not exist yet', null, directory()],
    ['lies in a directory of another user', directory(), directory({ uid: 0, mode: 0o755 })],
    ['lies in a sticky one such as /tmp', directory(), directory({ uid: 0, mode: 0o1777 })],
    ['has the set-group-id bit', directory({ mode: 0o2700 }), directory()],
  ])('may be used when it %s', (_, itself, parent) => {
    expect(fault(itself, parent)).toBeNull();
  });

  it.each([
    ['its parent is missing', directory(), null, /\/var\/lib\/tor does not exist/],
    ['it is missing with its parent', null, null, /\/var\/lib\/tor does not exist/],
    ['its parent is a file', null, directory({ isDirectory: false }), /no directory/],
    ['everybody may write to its parent', directory(), directory({ mode: 0o777 }), /every user may write/],
    ['it is a file', directory({ isDirectory: false }), directory(), /no directory/],
    [
      "it is another user's",
      directory({ uid: 101 }),
      directory(),
      /belongs to user 101, but Tor runs as user 100/,
    ],
    ['its group may read it', directory({ mode: 0o750 }), directory(), /mode 0750/],
    ['others may enter it', directory({ mode: 0o701 }), directory(), /mode 0701/],
  ])('is refused when %s, since Tor would exit on it', (_, itself, parent, words) => {
    const found = fault(itself, parent);
    expect(found?.code).toBe('tor.directory-unusable');
    expect(found?.what).toMatch(words);
    expect(found?.action).not.toBe('');
  });
});
