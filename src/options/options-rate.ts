/** Options of an open loop: when I/Os are due. Part of the table in options.ts. */
import type { TableOption } from '../backends/backend.ts';

/** I/Os a second: the schedule counts in nanoseconds. */
export const RATE_IOPS_MAX = 1e9;

export const rateOptions = [
  {
    flag: 'rate-iops',
    kind: 'count',
    min: 1,
    max: RATE_IOPS_MAX,
    group: 'jobs',
    help: 'I/Os each job sends a second, when they are due: an open loop',
    defaultNote: 'as fast as they end',
    scope: 'workload',
  },
  {
    flag: 'rate',
    kind: 'size',
    min: 1,
    group: 'jobs',
    metavar: 'BYTES',
    help: 'the same as bytes a second of each job',
    defaultNote: 'as fast as I/Os end',
    scope: 'workload',
  },
  {
    flag: 'rate-process',
    kind: 'choice',
    values: { linear: [], poisson: [] },
    group: 'jobs',
    metavar: 'HOW',
    help: 'I/Os are due at equal intervals, or at random as those of many users',
    default: 'linear',
    scope: 'workload',
  },
  {
    flag: 'latency-target',
    kind: 'text',
    group: 'jobs',
    metavar: 'WHAT:TIME',
    help: 'find the highest rate that keeps it, like p99:500us, of each backend',
    defaultNote: 'a run at one rate, or at none',
    scope: 'workload',
  },
  {
    flag: 'rate-iops-min',
    kind: 'count',
    min: 1,
    max: RATE_IOPS_MAX,
    group: 'jobs',
    help: 'the run fails when a job does fewer I/Os a second in a trial',
    defaultNote: 'no bound',
    scope: 'workload',
  },
  {
    flag: 'rate-min',
    kind: 'size',
    min: 1,
    group: 'jobs',
    metavar: 'BYTES',
    help: 'the same as bytes a second of each job',
    defaultNote: 'no bound',
    scope: 'workload',
  },
] as const satisfies readonly TableOption[];
