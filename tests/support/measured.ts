import { appendFileSync } from 'node:fs';

const shown = (seconds: number): string =>
  seconds < 0.1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;

/** Says how long it took to get over a fault, and tells `npm run faults` where that collects it (RB_MEASURED). */
export const measured = (fault: string, seconds: number): void => {
  console.log(`${fault}: ${shown(seconds)}`);
  const file = process.env['RB_MEASURED'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ fault, seconds })}\n`);
};

/** Begins to measure; what it returns ends it. */
export const measuring = (fault: string): (() => void) => {
  const beganMs = performance.now();
  return () => {
    measured(fault, (performance.now() - beganMs) / 1000);
  };
};
