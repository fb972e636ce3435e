import { open } from 'node:fs/promises';
import type { CancelTimer, Clock } from '../kernel/clock.js';
import { errorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';

/** It is sent to everybody who comes while no target is well: a page with its pictures would be an outage of its own. */
const MOST_BYTES = 65_536;

/** A page is put there in the middle of an outage, to say how long it will last. One stat of a file. */
const LOOK_EVERY_MS = 5_000;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';

interface Found {
  /** The page; text: why there is none. */
  readonly page: Buffer | string;
  /** What tells it from a later one. */
  readonly stamp: string;
}

const readBounded = async (path: string, known: string): Promise<Found | null> => {
  const file = await open(path, 'r');
  try {
    const facts = await file.stat({ bigint: true });
    const stamp = [facts.dev, facts.ino, facts.size, facts.mtimeNs, facts.ctimeNs].join(' ');
    if (stamp === known) return null;
    if (!facts.isFile()) return { page: 'no regular file', stamp };
    const tooLarge = { page: `larger than ${String(MOST_BYTES)} bytes`, stamp };
    if (facts.size > MOST_BYTES) return tooLarge;
    const bytes = await file.readFile();
    return bytes.length > MOST_BYTES ? tooLarge : { page: bytes, stamp };
  } finally {
    await file.close();
  }
};

export interface DownPage {
  stop(): void;
}

/**
 * Reads the operator's page, and again whenever its file changes. A page that cannot be had costs one warning, never the
 * service: the last good one goes on, or one of our own. Resolves after the first look.
 */
export const followDownPage = async (
  path: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  use: (page: Buffer) => void,
): Promise<DownPage> => {
  let cancel: CancelTimer = () => undefined;
  let stopped = false;
  let stamp = '';
  const look = async (): Promise<void> => {
    const found = await readBounded(path, stamp).catch((error: unknown) => {
      const reason = codeOf(error);
      return stamp === reason ? null : { page: reason, stamp: reason };
    });
    if (stopped) return;
    cancel = clock.after(LOOK_EVERY_MS, () => void look());
    if (found === null) return;
    ({ stamp } = found);
    if (typeof found.page !== 'string') {
      use(found.page);
      return;
    }
    const error = errorData('proxy.down-page', path, { path, reason: found.page });
    log.warn('the page for outages is not used', {}, error);
  };
  if (path !== '') await look();
  return {
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
