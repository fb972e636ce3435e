/**
 * Names for bytes, strings and numbers that could be confused with one another. A brand exists in the types
 * only; values stay plain and cross threads by structured clone.
 */
declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 56 base32 characters in lower case, without ".onion" (rend-spec-v3 §6). */
export type OnionAddress = Brand<string, 'OnionAddress'>;

/** An onion service's long-term Ed25519 public key, 32 bytes: a valid point of the prime-order group. */
export type IdentityPublicKey = Brand<Uint8Array, 'IdentityPublicKey'>;

/** The identity key of the cluster's shared address. It is an identity key like any other. */
export type MasterPublicKey = IdentityPublicKey;

/** Expanded Ed25519 secret key, 64 bytes: clamped scalar (little endian), then the 32-byte nonce prefix. */
export type ExpandedSecretKey = Brand<Uint8Array, 'ExpandedSecretKey'>;

/** 32-byte Ed25519 seed (RFC 8032's private key). */
export type Ed25519Seed = Brand<Uint8Array, 'Ed25519Seed'>;

/** Any Ed25519 public key of 32 bytes that has no narrower name. */
export type Ed25519PublicKey = Brand<Uint8Array, 'Ed25519PublicKey'>;

/** A public key blinded for one time period, 32 bytes (rend-spec-v3 §A.2). */
export type BlindedPublicKey = Brand<Uint8Array, 'BlindedPublicKey'>;

/** A secret key blinded for one time period, 64 bytes: scalar mod L, then the blinded nonce prefix. */
export type BlindedSecretKey = Brand<Uint8Array, 'BlindedSecretKey'>;

/** N_hs_subcred, 32 bytes (rend-spec-v3 §2.1). */
export type Subcredential = Brand<Uint8Array, 'Subcredential'>;

/** The number of a time period since Tor's epoch (rend-spec-v3 §2.2.1). */
export type TimePeriodNumber = Brand<number, 'TimePeriodNumber'>;

/** Length of a time period in minutes. */
export type TimePeriodLength = Brand<number, 'TimePeriodLength'>;

/** A shared random value of the directory authorities, 32 bytes (srv-spec §4). */
export type SharedRandomValue = Brand<Uint8Array, 'SharedRandomValue'>;

/** A descriptor's revision counter, an unsigned 64-bit integer. */
export type RevisionCounter = Brand<bigint, 'RevisionCounter'>;

/** SHA-1 of a relay's RSA identity key: 40 hexadecimal characters in upper case, as the control port writes it. */
export type RelayFingerprint = Brand<string, 'RelayFingerprint'>;

/** A relay's Ed25519 identity, 32 bytes. */
export type RelayEd25519Id = Brand<Uint8Array, 'RelayEd25519Id'>;

/** A Curve25519 public key, 32 bytes: an ntor onion key or an introduction point's encryption key. */
export type Curve25519PublicKey = Brand<Uint8Array, 'Curve25519PublicKey'>;

/** The scalar of an X25519 key as its 32 bytes; clamped where it is used (RFC 7748 §5). */
export type Curve25519SecretKey = Brand<Uint8Array, 'Curve25519SecretKey'>;

/** What two nodes agree on by X25519 of their Ed25519 keys. */
export type PairAgreement = Brand<Uint8Array, 'PairAgreement'>;

/** Whole seconds since the Unix epoch. */
export type UnixSeconds = Brand<number, 'UnixSeconds'>;
