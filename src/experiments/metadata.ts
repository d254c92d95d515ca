/**
 * `article metadata`: what the article's other system calls cost through a ring, phase by phase: names are made, looked at,
 * opened, renamed and removed, by plain calls and by io_uring.
 */
import { countRingEvents, type RingEvents } from '../host/ring-events.ts';
import { runTrial } from '../jobs/trial.ts';
import type { RawOptions } from '../options/options.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import { type RunPlan, withWorkloads } from '../resolve/run-plan.ts';
import type { PhaseReport } from '../results/schema-report.ts';
import { opensFiles, type RwMode } from '../workload/operations.ts';
import type { PhaseExperiment, PhaseJob } from './phases.ts';

const METADATA_PHASES: readonly RwMode[] = ['create', 'stat', 'open', 'rename', 'unlink'];

const TRIALS = 5;
const RUNTIME_NS = 1_000_000_000;
const IODEPTH = 8;
/** Operations of the pass in which requests are counted. */
const COUNTED = 2000;

function jobs(raw: RawOptions, host: ResolveHost): PhaseJob[] {
  return METADATA_PHASES.map((rw) => {
    const options: RawOptions = {
      backend: ['sync', 'io_uring', ...(opensFiles(rw) ? ['io_uring+directfiles'] : [])],
      reference: 'sync',
      iodepth: IODEPTH,
      trials: TRIALS,
      runtime: RUNTIME_NS,
      name: 'uring-bench-metadata',
      ...raw,
      rw,
    };
    const report: PhaseReport = { kind: 'phase', of: 'metadata', phase: rw, workers: [] };
    return {
      phase: rw,
      ...resolve(options, host),
      report,
      async prepare(plan, signal) {
        report.workers.push(...(await countWorkers(plan, signal)));
        return [];
      },
    };
  });
}

export const metadata: PhaseExperiment = { jobs };

/** Counts requests in a short pass of each variant with rings, before the trials and apart from them. */
async function countWorkers(plan: RunPlan, signal: AbortSignal): Promise<PhaseReport['workers']> {
  const short = withWorkloads({ ...plan, trials: 1 }, (workload) => ({
    ...workload,
    bounds: { ...workload.bounds, ios: COUNTED },
    rampTimeNs: 0,
  }));
  const workers: PhaseReport['workers'] = [];
  for (const variant of plan.variants.filter(({ backend }) => backend.name === 'io_uring')) {
    if (signal.aborted) break;
    const counted = await countRingEvents(() => runTrial(short, { variant, trial: 1, position: 1 }, signal));
    workers.push({ variant: variant.name, ...countsOf(counted) });
  }
  return workers;
}

function countsOf(counted: RingEvents | string): Omit<PhaseReport['workers'][number], 'variant'> {
  return typeof counted === 'string'
    ? { requests: null, handed: null, why: counted }
    : { requests: counted.submitted, handed: counted.handed, why: null };
}
