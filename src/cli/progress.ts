/** Progress on stderr: one line that is redrawn on a terminal, a plain line now and then elsewhere. */
import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';
import {
  noProgress,
  type Progress,
  type ProgressInterval,
  type ProgressPlan,
  type ProgressSample,
} from '../jobs/progress.ts';
import { displayWidth, printable } from '../report/text/text.ts';
import {
  formatBytes,
  formatDuration,
  formatIops,
  formatLatency,
  formatMiBps,
  plural,
} from '../values/format.ts';
import { fitParts, type Part } from './progress-line.ts';
import { LastMinute } from './sparkline.ts';

/** The part of a stream that progress needs. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  quiet: boolean;
  color: boolean;
  /** A terminal that knows no escape sequences, or is to get none; TERM=dumb also no line that is redrawn. */
  terminal?: 'dumb' | 'plain';
  /** Milliseconds, monotonic. */
  now?: () => number;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
const CLEAR_LINE = '\r\x1b[K';
const CLEAR_BELOW = '\r\x1b[J';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/** What a terminal is to be spared: NO_COLOR is set by people who want none of these sequences. */
export function terminalOf({ TERM, NO_COLOR }: NodeJS.ProcessEnv): Pick<ProgressOptions, 'terminal'> {
  if (TERM === 'dumb') return { terminal: 'dumb' };
  return NO_COLOR ? { terminal: 'plain' } : {};
}

/** The progress that suits the stream; nothing when quiet. */
export function createProgress(stream: ProgressStream, options: ProgressOptions): Progress {
  if (options.quiet) return noProgress;
  const now = options.now ?? (() => performance.now());
  if (stream.isTTY && options.terminal !== 'dumb') return new TerminalProgress(stream, options, now);
  return new PlainProgress(stream, now);
}

/** How far the whole run is: trials that have ended and the part of the one that runs. */
class RunClock {
  #plan: ProgressPlan = { variants: [], trials: 1, expectedSeconds: null };
  readonly #begun = new Set<string>();

  start(plan: ProgressPlan): void {
    this.#plan = plan;
  }

  get plan(): ProgressPlan {
    return this.#plan;
  }

  /** 0 to 1, or null when the length of a trial is unknown. */
  fraction(sample: ProgressSample): number | null {
    const { trialSeconds, fractionDone, elapsedSeconds } = sample;
    if (sample.trial === 0) return 0;
    this.#begun.add(`${sample.variant}\0${sample.trial}`);
    const inTrial = fractionDone ?? (trialSeconds ? elapsedSeconds / trialSeconds : null);
    const total = runsOf(this.#plan) + (this.#plan.explains ? this.#plan.variants.length : 0);
    if (inTrial === null || total === 0) return null;
    return Math.min(1, (this.#begun.size - 1 + Math.min(1, inTrial)) / total);
  }
}

function seconds(value: number): string {
  const whole = Math.max(0, Math.round(value));
  if (whole < 100) return `${whole} s`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}

/** 46200 as 46.2k: for a line that has little room. */
function compact(value: number): string {
  const [scale, unit] = value >= 999_500 ? [1e6, 'M'] : value >= 999.5 ? [1e3, 'k'] : [1, ''];
  const scaled = value / scale;
  return `${scaled < 99.95 && unit !== '' ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** Elapsed and remaining time. */
function timePart(elapsed: number, total: number | null): { text: string; short?: string } {
  if (total === null) return { text: seconds(elapsed) };
  const left = Math.max(0, Math.ceil(total - elapsed));
  const short = total < 100 ? `${Math.floor(elapsed)}/${Math.ceil(total)} s` : `${seconds(left)} left`;
  return { text: `${seconds(Math.floor(elapsed))}, ${seconds(left)} left`, short };
}

/** Trials of all variants together. */
function runsOf({ variants, trials, runs = variants.length * trials }: ProgressPlan): number {
  return runs;
}

function planLine(plan: ProgressPlan): string {
  const { variants, trials, atMost, trialSeconds, expectedSeconds } = plan;
  const runs = runsOf(plan);
  const most = atMost ? 'up to ' : '';
  const all = `${plural(variants.length, 'backend')} x ${most}${plural(trials, 'trial')}`;
  const count = runs === variants.length * trials ? all : `${most}${plural(runs, 'trial')}`;
  const more = plan.explains ? ', and one of each to explain it' : '';
  if (expectedSeconds === null || runs === 0) return count + more;
  const each = formatDuration((trialSeconds ?? expectedSeconds / runs) * 1e9);
  return `${count} x ${each}${more}: ${atMost ? 'at most' : 'about'} ${formatDuration(expectedSeconds * 1e9)}`;
}

/** Which trial it is, in words. */
function turnOf({ trial, explains }: ProgressSample): string | null {
  if (explains) return 'explaining';
  return trial === 0 ? 'warm-up' : null;
}

function rates(
  sample: ProgressSample,
  { ofTrees = false }: Pick<ProgressPlan, 'ofTrees'>,
): { iops: string; bandwidth: string; latency: string; errors: string } {
  return {
    iops: `${formatIops(sample.iops)} ${ofTrees ? 'ops/s' : 'IOPS'}`,
    bandwidth: ofTrees ? '' : `${formatMiBps(sample.bwBytes)} MiB/s`,
    latency: sample.iops > 0 ? `mean ${formatLatency(sample.meanLatencyNs)}` : '',
    errors: sample.errors > 0 ? plural(sample.errors, 'error') : '',
  };
}

class PlainProgress implements Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #clock = new RunClock();
  #lastMs: number;

  constructor(stream: ProgressStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.#lastMs = now();
  }

  #due(): boolean {
    const ms = this.#now();
    if (ms - this.#lastMs < PLAIN_LINE_MS) return false;
    this.#lastMs = ms;
    return true;
  }

  #line(text: string): void {
    this.#stream.write(`${printable(text)}\n`);
  }

  begin(workload: string): void {
    this.#line(workload);
  }

  layout(doneBytes: number, totalBytes: number): void {
    if (this.#due()) this.#line(`laying out files: ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
  }

  start(plan: ProgressPlan): void {
    this.#clock.start(plan);
    this.#line(planLine(plan));
  }

  sample(sample: ProgressSample): void {
    const fraction = this.#clock.fraction(sample);
    if (!this.#due()) return;
    const { iops, bandwidth, latency, errors } = rates(sample, this.#clock.plan);
    const done = fraction === null ? '' : `, ${Math.floor(fraction * 100)} % done`;
    const turn = turnOf(sample) ?? `trial ${sample.trial} of ${this.#clock.plan.trials}`;
    const which = `${sample.variant}, ${turn}${done}`;
    this.#line(`${which}: ${[iops, bandwidth, latency, errors].filter((part) => part !== '').join(', ')}`);
  }

  note(line: string): void {
    this.#line(line);
  }

  end(): void {}
}

class TerminalProgress implements Progress {
  readonly #stream: ProgressStream;
  readonly #colors: ReturnType<typeof picocolors.createColors>;
  readonly #now: () => number;
  readonly #clock = new RunClock();
  #startedMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #drawn = false;
  #parts: Part[] = [];
  /** Columns that the line takes which stands there now. */
  #width = 0;
  readonly #minute = new LastMinute();
  readonly #escapes: boolean;
  readonly #showCursor = () => this.#escape(SHOW_CURSOR);

  constructor(stream: ProgressStream, { color, terminal }: ProgressOptions, now: () => number) {
    this.#stream = stream;
    this.#escapes = terminal !== 'plain';
    this.#colors = picocolors.createColors(color);
    this.#now = now;
    this.#startedMs = now();
  }

  begin(workload: string): void {
    this.note(workload);
  }

  layout(doneBytes: number, totalBytes: number): void {
    const done = totalBytes > 0 ? doneBytes / totalBytes : 1;
    this.#show([
      { text: 'laying out files', rank: 0 },
      { bar: done, rank: 4 },
      { text: `${Math.floor(done * 100)} %`, rank: 1 },
      { text: `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`, rank: 2 },
    ]);
  }

  start(plan: ProgressPlan): void {
    this.#clock.start(plan);
    this.#startedMs = this.#now();
    this.#parts = [];
    this.note(planLine(plan));
  }

  sample(sample: ProgressSample): void {
    const { bold, cyan, red } = this.#colors;
    const { variants, trials, expectedSeconds } = this.#clock.plan;
    const fraction = this.#clock.fraction(sample);
    this.#minute.begin(`${sample.variant} ${sample.trial} ${sample.explains}`);
    const widest = Math.max(...variants.map((label) => label.length), sample.variant.length);
    const elapsed = (this.#now() - this.#startedMs) / 1000;
    const total = expectedSeconds ?? (fraction !== null && fraction > 0.02 ? elapsed / fraction : null);
    const { iops, bandwidth, latency, errors } = rates(sample, this.#clock.plan);
    this.#show([
      { text: sample.variant.padEnd(widest), rank: 0, style: cyan },
      { text: turnOf(sample) ?? `${sample.trial}/${trials}`, rank: 4 },
      ...(fraction === null ? [] : [{ bar: fraction, rank: 3 }]),
      { ...timePart(elapsed, total), rank: 2 },
      {
        text: iops.padStart(15),
        short: iops.replace(/^\S+/, compact(sample.iops)).padStart(10),
        rank: 1,
        style: bold,
      },
      ...(bandwidth === '' ? [] : [{ text: bandwidth.padStart(13), short: bandwidth.padStart(11), rank: 6 }]),
      { text: latency, short: latency.replace('mean ', ''), rank: 5 },
      { text: errors, rank: 1, style: red },
      { ...this.#minute.texts(), rank: 7, style: cyan },
    ]);
  }

  interval(interval: ProgressInterval): void {
    this.#minute.add(interval);
  }

  note(line: string): void {
    if (this.#drawn) this.#clear();
    this.#stream.write(`${printable(line)}\n`);
    if (this.#drawn) this.#draw();
  }

  end(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#parts = [];
    process.off('exit', this.#showCursor);
    this.#clear();
    this.#showCursor();
  }

  #show(parts: Part[]): void {
    this.#parts = parts;
    const ms = this.#now();
    if (ms - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = ms;
    if (!this.#drawn) {
      this.#drawn = true;
      // However the process ends, the terminal gets its cursor back.
      process.once('exit', this.#showCursor);
      this.#escape(HIDE_CURSOR);
    }
    this.#draw();
  }

  #draw(): void {
    this.#clear();
    // One column stays free: a terminal that wraps at its last one would scroll.
    const line = fitParts(this.#parts, this.#columns() - 1);
    this.#width = displayWidth(stripVTControlCharacters(line));
    this.#stream.write(line);
  }

  #columns(): number {
    return this.#stream.columns || 80;
  }

  #escape(sequence: string): void {
    if (this.#escapes) this.#stream.write(sequence);
  }

  /** Takes the line away, and begins where it began. In a window that has shrunk since, it goes over several rows. */
  #clear(): void {
    const rows = Math.max(1, Math.ceil(this.#width / this.#columns()));
    if (!this.#escapes) this.#stream.write(`\r${' '.repeat(Math.min(this.#width, this.#columns() - 1))}\r`);
    else this.#stream.write(rows > 1 ? `\x1b[${rows - 1}A${CLEAR_BELOW}` : CLEAR_LINE);
    this.#width = 0;
  }
}
