import { FIRST_MESSAGE_OVERHEAD, SECOND_MESSAGE_OVERHEAD } from '@rustbalance/crypto-worker/noise/ik-psk1.js';

/** Bytes of the longest first frame: whoever takes joins reads no further. */
export const LONGEST_JOIN_FRAME = 4096;
/** Bytes of the frame that is sent back: always as many, whatever the outcome. The listeners of wg/ send noise of that size. */
export const ANSWER_FRAME_BYTES = 16 * 1024;
/** Bytes that an answer has to be padded to. */
export const ANSWER_PAYLOAD_BYTES = ANSWER_FRAME_BYTES - SECOND_MESSAGE_OVERHEAD;
/** Version, cluster id, token id. */
export const FRAME_PREFIX_BYTES = 1 + 8 + 8;
export const LONGEST_REQUEST_PAYLOAD = LONGEST_JOIN_FRAME - FRAME_PREFIX_BYTES - FIRST_MESSAGE_OVERHEAD;
/** A request may be older than our clock by this much: it crossed Tor, and clocks differ. */
export const OLDEST_REQUEST_SECS = 300;
/** And newer by this much. */
export const NEWEST_REQUEST_SECS = 60;
