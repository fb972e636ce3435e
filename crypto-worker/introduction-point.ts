import type { Curve25519PublicKey, Ed25519PublicKey, UnixSeconds } from './brands.js';

/**
 * One way to reach a relay, as it stands in an EXTEND2 cell (tor-spec §5.1.2). Clients send the list verbatim
 * and in order, so unknown types are kept (rend-spec-v3 §2.5.2.2).
 */
export interface LinkSpecifier {
  /** 0 IPv4, 1 IPv6, 2 legacy fingerprint, 3 Ed25519 identity; others are possible. */
  readonly type: number;
  /** At most 255 bytes. */
  readonly data: Uint8Array;
}

/**
 * What survives of an introduction point when another descriptor takes it over: its two certificates are made
 * anew under that descriptor's signing key.
 */
export interface IntroductionPoint {
  readonly linkSpecifiers: readonly LinkSpecifier[];
  /** The relay's ntor onion key. */
  readonly onionKey: Curve25519PublicKey;
  /** KP_hs_ipt_sid: names this introduction point towards its relay, and in our own tables. */
  readonly authKey: Ed25519PublicKey;
  /** KP_hss_ntor: what clients encrypt INTRODUCE1 to. */
  readonly encKey: Curve25519PublicKey;
  /** When the earlier of its two certificates ran out in the descriptor that it was read from. */
  readonly expires: UnixSeconds;
}
