import { LARGEST_DATAGRAM } from '../../wg/messages.js';

/** Sizes of the sealed datagram. */
export const DATAGRAM_VERSION = 1;

export const TAG_BYTES = 8;
/** version 1, type 1, cluster tag 8, sender tag 8, recipient tag 8, boot epoch 8, sequence 8. */
export const HEADER_BYTES = 2 + 3 * TAG_BYTES + 8 + 8;
/** XChaCha20's nonce (draft-irtf-cfrg-xchacha §2.3.1) and Poly1305's tag. */
export const NONCE_BYTES = 24;
export const AEAD_TAG_BYTES = 16;
/** Every body begins with its sender's wall clock, 48 bits of milliseconds. */
export const SMALLEST_BODY = 6;

export const SMALLEST_DATAGRAM = HEADER_BYTES + NONCE_BYTES + SMALLEST_BODY + AEAD_TAG_BYTES;
export const LARGEST_BODY = LARGEST_DATAGRAM - HEADER_BYTES - NONCE_BYTES - AEAD_TAG_BYTES;
