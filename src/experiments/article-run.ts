/** Runs one of the article's experiments and counts what was read from devices meanwhile. */
import { disksOf, type ReadCounters, readByJobs, readDiskCounters, readSince } from '../host/device-reads.ts';
import type { RunContext } from '../jobs/context.ts';
import { runSeconds } from '../jobs/plan.ts';
import { type RunOutcome, runPlan } from '../jobs/runner.ts';
import type { TrialObserver } from '../jobs/trial-observer.ts';
import { filesOf } from '../resolve/run-plan.ts';
import type { ArticleReport } from '../results/schema-report.ts';
import type { ArticleJob } from './article.ts';

/**
 * Notes of each trial what the witnesses of device reads say. In table 2 each job reads its files into the cache before it is
 * measured, and of the device whatever of them is not there: never read, or taken away since the trial before. That is what
 * preloading is for: only what comes after it counts there. In the other tables it is counted from before the jobs start.
 */
function observeReads(report: ArticleReport): TrialObserver {
  let before: ReadCounters = { processBytes: null, deviceBytes: null };
  let preloaded = 0;
  let variant = '';
  const ofTrials: TrialObserver = {
    name: 'device reads',
    prepare({ run }) {
      variant = run.variant.name;
      before = readDiskCounters(report.devices);
      preloaded = 0;
    },
    ended(trial) {
      if (trial === null) return;
      const { processBytes, deviceBytes } = readSince(before, readDiskCounters(report.devices));
      report.device_reads.push({
        variant,
        trial: trial.trial,
        io_bytes: trial.ops.read?.io_bytes ?? 0,
        process_bytes: processBytes === null ? null : Math.max(0, processBytes - preloaded),
        device_bytes: deviceBytes,
      });
    },
  };
  if (report.table !== 'table2') return ofTrials;
  return {
    ...ofTrials,
    started(ids) {
      preloaded = readByJobs(ids);
      before = { ...before, deviceBytes: readDiskCounters(report.devices).deviceBytes };
    },
  };
}

/** @throws BenchError as runPlan does */
export function runArticle(article: ArticleJob, context: RunContext): Promise<RunOutcome> {
  const { table, full, notes, plan, warnings } = article;
  const report: ArticleReport = {
    kind: 'article',
    table,
    full,
    notes,
    devices: disksOf(filesOf(plan).map(({ path }) => path)),
    device_reads: [],
  };
  return runPlan(plan, { ...context, warnings, report, observers: [observeReads(report)] });
}

/** Seconds of measuring, warm-ups included; laying out files comes on top. */
export function articleSeconds({ plan }: ArticleJob): number {
  return runSeconds(plan) ?? 0;
}

/** Bytes of the files that are made for it. */
export function articleBytes({ plan }: ArticleJob): number {
  const made = new Map(filesOf(plan).map((file) => [file.path, file.create ? file.size : 0]));
  return [...made.values()].reduce((sum, bytes) => sum + bytes, 0);
}
