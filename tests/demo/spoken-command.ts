/** Whatever leads into the private network is many lines long, and no operator of a public service types it. */
const LONGEST_WORD = 80;
const SECTION_OF_LISTS = /^([a-z_.]+)=\[.*\]$/s;

const spokenWord = (word: string): string => {
  const list = SECTION_OF_LISTS.exec(word)?.[1];
  const text = word.length > LONGEST_WORD && list !== undefined ? `${list}=[…]` : word;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
};

const OF_THE_PRIVATE_NETWORK = '--extra-torrc';

/**
 * A command of the program as a person would type it: quoted for the shell, and what is only there for the private Tor
 * network shortened.
 */
export const spokenCommand = (args: readonly string[], input: string | null = null): string => {
  const words = args.flatMap((word, i) => {
    const isRepeated = word === OF_THE_PRIVATE_NETWORK && args[i - 2] === OF_THE_PRIVATE_NETWORK;
    if (isRepeated) return [];
    if (args[i - 1] === OF_THE_PRIVATE_NETWORK) return args[i - 3] === OF_THE_PRIVATE_NETWORK ? [] : ['…'];
    return [spokenWord(word)];
  });
  return ['rustbalance', ...words, ...(input === null ? [] : ['<', input])].join(' ');
};
