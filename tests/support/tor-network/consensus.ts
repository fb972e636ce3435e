/** What the harness reads of a consensus (dir-spec §3.4.1), flavour `microdesc` or full. */
export interface ConsensusView {
  /** Unix seconds. */
  readonly validAfterSecs: number;
  readonly freshUntilSecs: number;
  readonly sharedRandomCurrent: string | undefined;
  readonly sharedRandomPrevious: string | undefined;
  readonly params: Readonly<Record<string, number>>;
  readonly relays: readonly ConsensusRelay[];
}

export interface ConsensusRelay {
  readonly nickname: string;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly flags: readonly string[];
}

const timeOf = (text: string, keyword: string): number => {
  const found = new RegExp(`^${keyword} (\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d)$`, 'm').exec(text);
  if (found === null) throw new Error(`the consensus has no ${keyword}`);
  return Date.parse(`${String(found[1])}T${String(found[2])}Z`) / 1000;
};

const sharedRandom = (text: string, which: 'current' | 'previous'): string | undefined =>
  new RegExp(`^shared-rand-${which}-value \\d+ (\\S+)`, 'm').exec(text)?.[1];

const paramsOf = (text: string): Record<string, number> => {
  const line = /^params (.*)$/m.exec(text)?.[1] ?? '';
  const pairs = line.split(' ').filter((pair) => pair.includes('='));
  return Object.fromEntries(pairs.map((pair) => [pair.split('=')[0] ?? '', Number(pair.split('=')[1])]));
};

const relaysOf = (text: string): ConsensusRelay[] => {
  const relays: ConsensusRelay[] = [];
  let open: { nickname: string; fingerprint: string } | undefined;
  for (const line of text.split('\n')) {
    const [keyword, ...rest] = line.split(' ');
    if (keyword === 'r') {
      const [nickname = '', identity = ''] = rest;
      open = { nickname, fingerprint: Buffer.from(identity, 'base64').toString('hex').toUpperCase() };
    } else if (keyword === 's' && open !== undefined) {
      relays.push({ ...open, flags: rest });
      open = undefined;
    }
  }
  return relays;
};

/** Reads a consensus document. @throws when it is none */
export const parseConsensus = (text: string): ConsensusView => ({
  validAfterSecs: timeOf(text, 'valid-after'),
  freshUntilSecs: timeOf(text, 'fresh-until'),
  sharedRandomCurrent: sharedRandom(text, 'current'),
  sharedRandomPrevious: sharedRandom(text, 'previous'),
  params: paramsOf(text),
  relays: relaysOf(text),
});
