/**
 * The name of the reply with which a SOCKS port refused (RFC 1928 §6), as the socks library ends its errors with it:
 * `HostUnreachable`, `TTLExpired` …; null for any other error.
 */
export const socksReply = (error: unknown): string | null =>
  (error instanceof Error ? / - (\w{1,30})$/.exec(error.message)?.[1] : undefined) ?? null;

/**
 * Whether a granted connection came with an address of a type that RFC 1928 §5 knows: where a reply of any other ends,
 * and the stream begins, nobody can say. The library takes it, without an address.
 */
export const isWholeGrant = (granted: { readonly remoteHost?: unknown }): boolean =>
  granted.remoteHost !== undefined;
