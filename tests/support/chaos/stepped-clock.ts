import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Loaded into a daemon before anything else, in every thread: its wall clock is off by as many milliseconds as the file says
 * that the module's own URL names in its query. Monotonic time goes on, as it does when the machine's clock is stepped.
 */
const LOOK_EVERY_MS = 100;

const file = fileURLToPath(new URL(import.meta.url).searchParams.get('file') ?? '');
const trueNow = Date.now.bind(Date);
let offsetMs = 0;
let lookedAtMs = Number.NEGATIVE_INFINITY;

const readOffset = (): number => {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
};

Date.now = () => {
  const now = performance.now();
  if (now - lookedAtMs > LOOK_EVERY_MS) {
    lookedAtMs = now;
    offsetMs = readOffset();
  }
  return trueNow() + offsetMs;
};
