import { Secret } from './redact.js';

/**
 * The secrets that the main thread read from files at boot. Each actor is given only its own: the publisher the
 * master key, the election the node key, the cluster token and the master key (a node that joins is given both), wg these two and the WireGuard key, tor the node key (its
 * coordination service is derived from it) and the control password, proxy and health the key of self-tests.
 */
export interface ActorSecrets {
  /** Expanded ed25519 secret key of the master address, 64 bytes. */
  readonly masterKey: Secret | null;
  /** Ed25519 seed of the node key, 32 bytes. */
  readonly nodeKey: Secret | null;
  readonly clusterToken: Secret | null;
  /** X25519 secret key of the tunnels, 32 bytes. */
  readonly wireguardKey: Secret | null;
  readonly controlPassword: Secret | null;
  /** Only in threads: what proxy and health sign and check their self-tests with, derived (kernel/self-test-token.ts). */
  readonly selfTestKey?: Secret | null;
}

/** The same as it crosses into a thread: SharedArrayBuffer-backed, so that no copy is made of a key. */
export type SecretsOnTheWire = { readonly [K in keyof ActorSecrets]: Uint8Array | null };

/** Wraps what arrived in a thread, so that nothing can print it. */
export const revealSecrets = (wire: SecretsOnTheWire): ActorSecrets => {
  const wrap = (bytes: Uint8Array | null): Secret | null => (bytes === null ? null : new Secret(bytes));
  return {
    masterKey: wrap(wire.masterKey),
    nodeKey: wrap(wire.nodeKey),
    clusterToken: wrap(wire.clusterToken),
    wireguardKey: wrap(wire.wireguardKey),
    controlPassword: wrap(wire.controlPassword),
    selfTestKey: wrap(wire.selfTestKey ?? null),
  };
};
