/**
 * Which sequence numbers of one sender and epoch were seen (RFC 6479's sliding bitmap, in plain form). 1,024 wide:
 * WireGuard queues up to 128 packets a peer and hands them over in a burst, and reordering beyond that is none we
 * wait for. Moving it costs 128 bytes of memory a peer for each 1,024.
 */
const WIDTH = 1024;
const WORD = 32;

export interface ReplayWindow {
  readonly highest: number;
  readonly bits: Uint32Array;
}

export const emptyWindow = (): ReplayWindow => ({ highest: -1, bits: new Uint32Array(WIDTH / WORD) });

const wordOf = (sequence: number): number => Math.floor((sequence % WIDTH) / WORD);
const maskOf = (sequence: number): number => (1 << (sequence % WORD)) >>> 0;

/** True for a number that is new: ahead of the window, or in it and not seen. What fell out of it counts as seen. */
export const isFresh = (window: ReplayWindow, sequence: number): boolean => {
  if (sequence > window.highest) return true;
  if (sequence <= window.highest - WIDTH) return false;
  return ((window.bits[wordOf(sequence)] ?? 0) & maskOf(sequence)) === 0;
};

/** The window after a fresh number was accepted. The bitmap is changed in place: the old window is used up. */
export const afterAccepting = (window: ReplayWindow, sequence: number): ReplayWindow => {
  const { bits } = window;
  if (sequence > window.highest) {
    if (sequence - window.highest >= WIDTH) bits.fill(0);
    else for (let passed = window.highest + 1; passed < sequence; passed++) clear(bits, passed);
  }
  bits[wordOf(sequence)] = ((bits[wordOf(sequence)] ?? 0) | maskOf(sequence)) >>> 0;
  return { highest: Math.max(window.highest, sequence), bits };
};

const clear = (bits: Uint32Array, sequence: number): void => {
  bits[wordOf(sequence)] = ((bits[wordOf(sequence)] ?? 0) & ~maskOf(sequence)) >>> 0;
};
