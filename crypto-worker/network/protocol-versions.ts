/**
 * Does a "pr" line's list of protocols contain one version of one protocol ("HSDir=1-2 Link=1-5", tor-spec §9)?
 * Anything that cannot be read counts as no support.
 */
export const supportsProtocol = (words: readonly string[], protocol: string, version: number): boolean => {
  const entry = words.find((word) => word.startsWith(`${protocol}=`));
  if (entry === undefined) return false;
  return entry
    .slice(protocol.length + 1)
    .split(',')
    .some((range) => {
      const [, low = '', high = low] = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(range) ?? [];
      return low !== '' && Number(low) <= version && version <= Number(high || low);
    });
};
