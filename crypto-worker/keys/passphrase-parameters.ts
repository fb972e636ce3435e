import type { Brand } from '../brands.js';

/** Kept apart from passphrase-key.ts, which loads native code. */

/** What a passphrase is turned into: 32 bytes that a seal is made with. */
export type PassphraseKey = Brand<Uint8Array, 'PassphraseKey'>;

export const PASSPHRASE_KEY_BYTES = 32;
export const PASSPHRASE_SALT_BYTES = 16;

/**
 * Argon2id version 1.3 (RFC 9106 §4), 64 MiB and three passes as its second recommended choice, with the one lane that libsodium
 * has. 120–155 ms a guess: more memory would keep small machines from joining, less makes guessing cheaper in
 * proportion. Part of the form of a token: another choice gets another name.
 */
export const PASSPHRASE_KDF = 'argon2id-64MiB-3';
export const PASSPHRASE_MEMORY_BYTES = 64 * 1024 * 1024;
export const PASSPHRASE_PASSES = 3;
