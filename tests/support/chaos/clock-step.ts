import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MODULE = import.meta.resolve('@rustbalance/tests/support/chaos/stepped-clock.js');

/** The wall clock of one daemon. */
export class ClockStep {
  readonly #file: string;

  /** @param dir the node's own folder */
  constructor(dir: string) {
    this.#file = join(dir, 'clock-offset');
  }

  /** For the daemon's preload. */
  get module(): string {
    return `${MODULE}?file=${encodeURIComponent(pathToFileURL(this.#file).href)}`;
  }

  /** In force within a tenth of a second; 0 sets it right again. */
  async stepTo(offsetSecs: number): Promise<void> {
    await writeFile(`${this.#file}.new`, String(offsetSecs * 1000));
    await rename(`${this.#file}.new`, this.#file);
  }
}
