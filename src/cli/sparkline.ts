/** The last minute of a trial in a few columns. */
import type { ProgressInterval } from '../jobs/progress.ts';

const BARS = '▁▂▃▄▅▆▇█';
const MINUTE_SECONDS = 60;
const CELLS = 20;

/** One bar for each value, the highest of them full; '' without any. Nothing at all is a space. */
function sparkline(values: readonly (number | null)[]): string {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return ' ';
      return BARS[most > 0 ? Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length)) : 0];
    })
    .join('');
}

/** Means over the intervals that share a cell; of p99 the worst. */
function cellsOf(intervals: readonly ProgressInterval[]): { iops: number; p99Ns: number | null }[] {
  const n = Math.min(CELLS, intervals.length);
  return Array.from({ length: n }, (_, cell) => {
    const from = Math.floor((cell * intervals.length) / n);
    const own = intervals.slice(from, Math.floor(((cell + 1) * intervals.length) / n));
    const seconds = own.reduce((sum, one) => sum + one.seconds, 0);
    const known = own.flatMap(({ p99Ns }) => p99Ns ?? []);
    return {
      iops: own.reduce((sum, one) => sum + one.iops * one.seconds, 0) / seconds,
      p99Ns: known.length > 0 ? Math.max(...known) : null,
    };
  });
}

/** What the last minute of a trial was like. */
export class LastMinute {
  #of = '';
  #intervals: ProgressInterval[] = [];

  /** Another trial begins anew. */
  begin(trial: string): void {
    if (trial === this.#of) return;
    this.#of = trial;
    this.#intervals = [];
  }

  add(interval: ProgressInterval): void {
    this.#intervals.push(interval);
    let seconds = this.#intervals.reduce((sum, one) => sum + one.seconds, 0);
    while (seconds > MINUTE_SECONDS && this.#intervals.length > 1) {
      seconds -= this.#intervals.shift()?.seconds ?? 0;
    }
  }

  /** IOPS alone, and with the p99; '' until there is a course to be seen. */
  texts(): { short: string; text: string } {
    if (this.#intervals.length < 2) return { short: '', text: '' };
    const cells = cellsOf(this.#intervals);
    const short = sparkline(cells.map(({ iops }) => iops));
    return { short, text: `${short}  p99 ${sparkline(cells.map(({ p99Ns }) => p99Ns))}` };
  }
}
