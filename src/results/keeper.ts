/** Stores what a run has so far. A disk that refuses costs the file what is new, and never the run. */
import { BenchError } from '../errors.ts';
import type { Evaluation } from './evaluate-schema.ts';
import type { RunResult } from './schema.ts';
import type { ResultFile } from './store.ts';
import type { SweepResult } from './sweep-schema.ts';

export class Keeper {
  readonly #file: ResultFile | null;
  readonly #tell: (line: string) => void;
  #told = false;

  /**
   * @param file null: nothing is stored
   * @param tell is given one line when the disk refuses for the first time, while the run goes on
   */
  constructor(file: ResultFile | null, tell: (line: string) => void) {
    this.#file = file;
    this.#tell = tell;
  }

  /** Writes it soon (ResultFile.save). */
  save(result: RunResult | SweepResult | Evaluation): void {
    this.#attempt(() => this.#file?.save(result));
  }

  /** Writes it now. @returns why the file does not have it: it holds what was written last */
  write(result: RunResult | SweepResult | Evaluation): BenchError | null {
    return this.#attempt(() => this.#file?.write(result));
  }

  #attempt(action: () => void): BenchError | null {
    try {
      action();
      return null;
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      if (!this.#told) this.#tell(`${error.message}; the run goes on`);
      this.#told = true;
      return error;
    }
  }
}
