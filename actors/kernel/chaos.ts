import type { ChaosMode } from './envelope.js';

/** Makes this thread fail for real, in the way asked for. Only ever called with `[chaos] enabled = true`. */
export const obeyChaos = (mode: ChaosMode): void => {
  switch (mode) {
    case 'throw':
      setImmediate(() => {
        throw new Error('chaos: thrown on request');
      });
      return;
    case 'exit':
      process.exit(1);
      return;
    case 'hang':
      for (;;);
    case 'oom':
      exhaustHeap();
  }
};

/**
 * Many small live objects, turn by turn, as a leak makes them. One huge allocation would abort the whole process
 * instead of this thread, and a tight loop of them is not interrupted at the limit by Node 24 (measured on 24.21).
 */
const exhaustHeap = (kept: number[][] = []): void => {
  for (let i = 0; i < 500; i++) kept.push(new Array<number>(1000).fill(kept.length));
  setImmediate(exhaustHeap, kept);
};
