import pc from 'picocolors';

/** Tells a person what happens, with the time since the start in front. */
export interface Narrator {
  step(title: string): void;
  say(line: string): void;
}

export const narrator = (write: (line: string) => void): Narrator => {
  const began = performance.now();
  const stamp = (): string => pc.dim(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s `);
  return {
    step: (title) => {
      write(`${stamp()}${pc.bold(title)}`);
    },
    say: (line) => {
      write(`${stamp()}  ${line}`);
    },
  };
};
