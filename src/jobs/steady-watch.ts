/** Watches a trial for the moment in which it has become steady: rounds of --steady-state, each a rate or a mean. */
import type { SeriesLook } from '../native/series.ts';
import type { SteadyState } from '../results/schema-series.ts';
import { type SteadyVerdict, steadyState } from '../stats/steady-state.ts';
import { formatSteady } from '../values/steady-rule.ts';
import { countedOperations } from '../workload/operations.ts';
import type { SteadyAsk } from '../workload/workload.ts';

interface Round {
  startNs: number;
  endNs: number;
  value: number;
}

const counted = new Set(countedOperations.map(({ id }) => id));

export class SteadyWatch {
  readonly #rule: SteadyAsk;
  readonly #rounds: Round[] = [];
  #open = { startNs: 0, ios: 0, bytes: 0, sumNs: 0, samples: 0 };
  #dueNs: number;
  #verdict: SteadyVerdict | null = null;

  constructor(rule: SteadyAsk) {
    this.#rule = rule;
    this.#dueNs = rule.roundNs;
  }

  /** When the round that goes on is over, since the window's begin. */
  get dueNs(): number {
    return this.#dueNs;
  }

  /** @returns whether it has become steady by now: then the trial is to end */
  add({ atNs, beginNs, ops }: SeriesLook): boolean {
    const open = this.#open;
    for (const { op, ios, bytes, sumNs, samples } of ops) {
      if (!counted.has(op)) continue;
      open.ios += ios;
      open.bytes += bytes;
      open.sumNs += sumNs;
      open.samples += samples;
    }
    const now = atNs - beginNs;
    if (now < this.#dueNs || this.#verdict?.steady === true) return false;
    this.#rounds.push({ startNs: open.startNs, endNs: now, value: this.#value(now) });
    this.#open = { startNs: now, ios: 0, bytes: 0, sumNs: 0, samples: 0 };
    while (this.#dueNs <= now) this.#dueNs += this.#rule.roundNs;
    this.#verdict = steadyState(
      this.#window().map(({ value }) => value),
      this.#rule,
    );
    return this.#verdict.steady;
  }

  /** Of the round that ends now: a second, or nanoseconds. */
  #value(now: number): number {
    const { startNs, ios, bytes, sumNs, samples } = this.#open;
    const seconds = (now - startNs) / 1e9;
    const values = { iops: ios / seconds, bw: bytes / seconds, lat: samples > 0 ? sumNs / samples : 0 };
    return values[this.#rule.metric];
  }

  #window(): Round[] {
    return this.#rounds.slice(-this.#rule.rounds);
  }

  result(): SteadyState {
    const window = this.#window();
    const [first] = window;
    const last = window.at(-1);
    const verdict = this.#verdict;
    const whole = verdict?.window ? verdict : null;
    return {
      rule: formatSteady(this.#rule),
      at_ns: verdict?.steady && last ? last.endNs : null,
      rounds: this.#rounds.length,
      window:
        whole === null || first === undefined || last === undefined
          ? null
          : {
              start_ns: first.startNs,
              length_ns: last.endNs - first.startNs,
              mean: whole.mean,
              range: whole.range,
              slope: whole.slope,
              excursion: whole.excursion,
            },
    };
  }
}
