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

/** Many small live objects: one huge allocation would abort the whole process instead of this thread. */
const exhaustHeap = (): never => {
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(1000).fill(kept.length));
};
