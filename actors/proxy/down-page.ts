import { open } from 'node:fs/promises';
import { errorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';

/** It is sent to everybody who comes while no target is well: a page with its pictures would be an outage of its own. */
const MOST_BYTES = 65_536;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';

const readBounded = async (path: string): Promise<Buffer | string> => {
  const file = await open(path, 'r');
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return 'no regular file';
    if (facts.size > MOST_BYTES) return `larger than ${String(MOST_BYTES)} bytes`;
    const bytes = await file.readFile();
    return bytes.length > MOST_BYTES ? `larger than ${String(MOST_BYTES)} bytes` : bytes;
  } finally {
    await file.close();
  }
};

/** The operator's page. A page that cannot be had costs a warning, never the service: null, and a page of our own serves. */
export const readDownPage = async (path: string, log: Logger): Promise<Buffer | null> => {
  if (path === '') return null;
  const page = await readBounded(path).catch((error: unknown) => codeOf(error));
  if (typeof page !== 'string') return page;
  log.warn(
    'the page for outages is not used',
    {},
    errorData('proxy.down-page', path, { path, reason: page }),
  );
  return null;
};
