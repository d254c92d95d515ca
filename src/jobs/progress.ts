/** What a run tells while it goes on. The runner calls it; src/cli/progress.ts shows it. */

/** What is going to happen, once files are laid out. */
export interface ProgressPlan {
  /** Labels in the order of the table. */
  variants: readonly string[];
  /** Of each variant; warm-ups are not among them. */
  trials: number;
  /** Of all variants together, where not all have as many; left out: variants x trials. */
  runs?: number;
  /** Whether there may be fewer: a run that goes on until it is confident. */
  atMost?: boolean;
  /** Whether each variant has one more trial, to explain it. */
  explains?: boolean;
  /** Whether operations move no data: their rate is not IOPS, and has no bandwidth beside it. */
  ofTrees?: boolean;
  /** Length of a trial; null when an amount of I/O bounds it. */
  trialSeconds?: number | null;
  /** Of all trials and warm-ups together; null when the amount of I/O and not the time bounds them. */
  expectedSeconds: number | null;
}

/** The state of the trial that is running, since it began. */
export interface ProgressSample {
  variant: string;
  /** From 1; 0 is a warm-up. */
  trial: number;
  /** Whether it comes after the trials that count. */
  explains?: boolean;
  elapsedSeconds: number;
  /** Planned length, ramp time included; null when it has none. */
  trialSeconds: number | null;
  /** 0 to 1, when an amount of I/O bounds the trial; null otherwise. */
  fractionDone: number | null;
  /** Rates since the last sample. */
  iops: number;
  bwBytes: number;
  meanLatencyNs: number;
  /** I/Os that failed so far. */
  errors: number;
}

/** What was done in an interval of a trial's series. */
export interface ProgressInterval {
  seconds: number;
  iops: number;
  /** null without an I/O. */
  p99Ns: number | null;
}

export interface Progress {
  /** A run begins: its workload in fio's words. One line. */
  begin(workload: string): void;
  /** Files are being written before the run. */
  layout(doneBytes: number, totalBytes: number): void;
  start(plan: ProgressPlan): void;
  /** Several times a second. */
  sample(sample: ProgressSample): void;
  /** An interval of the trial that is running is over; left out: nobody wants to know. */
  interval?(interval: ProgressInterval): void;
  /** Something to know now: a backend that is skipped, a stop that was asked for. One line. */
  note(line: string): void;
  /** Nothing more is coming, however the run ended. Calling it again does nothing. */
  end(): void;
}

/** Shows nothing. */
export const noProgress: Progress = {
  begin() {},
  layout() {},
  start() {},
  sample() {},
  note() {},
  end() {},
};
