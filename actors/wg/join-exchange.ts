import type { Duplex } from 'node:stream';
import type { Clock } from '../kernel/clock.js';
import { JOIN_ANSWER_BYTES } from './join-listener.js';
import { FrameReader, encodeFrame } from './tor-transport/frames.js';

/** The member answers 3 to 15 s after the request; the rest is for 16 KiB over a slow circuit. */
const ANSWER_WITHIN_MS = 40_000;

/**
 * Sends one frame and waits for one; the stream is destroyed in any case. Rejects with the stream's error, or one
 * that says how it ended.
 */
export const exchangeFrames = (stream: Duplex, frame: Uint8Array, clock: Clock): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const reader = new FrameReader(JOIN_ANSWER_BYTES);
    let finished = false;
    const finish = (settle: () => void): void => {
      if (finished) return;
      finished = true;
      cancel();
      stream.destroy();
      settle();
    };
    const fail = (reason: string): void => {
      finish(() => {
        reject(new Error(reason));
      });
    };
    const cancel = clock.after(ANSWER_WITHIN_MS, () => {
      fail('no answer in time');
    });
    stream.on('error', (error: Error) => {
      finish(() => {
        reject(error);
      });
    });
    stream.on('close', () => {
      fail('closed without an answer');
    });
    stream.on('data', (chunk: Uint8Array) => {
      const { frames, tooLong } = reader.push(chunk);
      const [answer] = frames;
      if (tooLong) fail('no answer of a member');
      else if (answer !== undefined) {
        finish(() => {
          resolve(answer);
        });
      }
    });
    stream.write(encodeFrame(frame));
  });
