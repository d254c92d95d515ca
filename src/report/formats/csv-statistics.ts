/** The columns of the CSV report that say how sure numbers are: of the trial's conditions, and of its backend as a whole. */
import { percentileKey } from '../../results/histogram.ts';
import type { Summary } from '../../results/schema.ts';
import type { Conditions, Differences, StoredDifference } from '../../results/schema-statistics.ts';
import type { Estimate } from '../../stats/difference.ts';
import { COMPARED_PERCENTILES, instructionsPerIo } from '../../stats/summary.ts';
import type { CsvColumn } from './csv-line.ts';

function ofConditions(name: Exclude<keyof Conditions, 'cgroup' | 'calibration'>, help: string): CsvColumn {
  return { name, help, of: ({ trial }) => trial?.conditions?.[name] ?? null };
}

/** One quantity that backends are compared by. */
interface Quantity {
  name: string;
  estimate: (summary: Summary) => Estimate | undefined;
  difference: (differences: Differences) => StoredDifference | undefined;
}

const QUANTITIES: readonly Quantity[] = [
  { name: 'iops', estimate: (s) => s.iops, difference: (d) => d.iops },
  ...COMPARED_PERCENTILES.map((percentile) => {
    const key = percentileKey(percentile);
    return {
      name: `lat_ns_p${percentile}`,
      estimate: (s: Summary) => s.lat_ns_trials[key],
      difference: (d: Differences) => d.lat_ns[key],
    };
  }),
  { name: 'cpu_ns_per_io', estimate: (s) => s.cpu_ns_per_io, difference: (d) => d.cpu_ns_per_io },
  { name: 'ctx_per_io', estimate: (s) => s.ctx_per_io, difference: (d) => d.ctx_per_io },
];

function estimateColumns({ name, estimate }: Quantity): CsvColumn[] {
  const column = (part: 'median' | 'low' | 'high', help: string): CsvColumn => ({
    name: `${name}_${part}`,
    help: `${name} over all trials of the backend: ${help}`,
    of: ({ backend: { summary } }) => (summary === null ? null : (estimate(summary)?.[part] ?? null)),
  });
  return [column('median', 'median'), column('low', '95 % interval'), column('high', '95 % interval')];
}

function differenceColumns({ name, difference }: Quantity): CsvColumn[] {
  const column = (part: keyof StoredDifference, help: string): CsvColumn => ({
    name: `${name}_vs_reference_${part}`,
    help: `${name} against the reference: ${help}`,
    of: ({ backend: { summary } }) => {
      const differences = summary?.vs_reference;
      return differences ? (difference(differences)?.[part] ?? null) : null;
    },
  });
  return [
    column('ratio', 'ratio of medians'),
    column('low', '95 % interval of the ratio'),
    column('high', '95 % interval of the ratio'),
    column('p', 'of the test'),
    column('verdict', 'higher, lower, same or unknown'),
    column('more_trials', 'trials that are missing to tell'),
  ];
}

/** How fast the CPUs were before each trial, and what was counted in it. */
export const CPU_COLUMNS: readonly CsvColumn[] = [
  {
    name: 'calibration_syscall_ns',
    help: 'of a system call that does nothing, right before the trial',
    of: ({ trial }) => trial?.conditions?.calibration?.syscall_ns ?? null,
  },
  {
    name: 'calibration_null_ns',
    help: 'of an I/O of the backend null, right before the trial',
    of: ({ trial }) => trial?.conditions?.calibration?.null_ns ?? null,
  },
  {
    name: 'instructions',
    help: 'in user and kernel mode, where they were counted',
    of: ({ trial }) => trial?.instructions ?? null,
  },
  {
    name: 'instructions_per_io',
    help: 'instructions per operation',
    of: ({ trial }) => (trial === null ? null : instructionsPerIo(trial)),
  },
];

/** Of the trial first, then what is the same in all rows of a backend and of a result. */
export const STATISTICS_COLUMNS: readonly CsvColumn[] = [
  {
    name: 'position',
    help: 'turn of the trial within its block',
    of: ({ trial }) => trial?.position ?? null,
  },
  ofConditions('steal_pct', "of all CPUs' time: taken by the hypervisor"),
  ofConditions('others_cpu_pct', 'user-mode CPU time of other processes; 100 is one CPU'),
  ofConditions('cpu_mhz', 'of the fastest CPU after the trial'),
  ofConditions('throttled', 'times that a CPU was slowed down for its temperature'),
  ofConditions('others_device_bytes', 'moved by others on the devices'),
  ofConditions('others_device_ios', 'I/Os of others on the devices'),
  ...QUANTITIES.flatMap(estimateColumns),
  ...QUANTITIES.flatMap(differenceColumns),
  {
    name: 'validity',
    help: 'sound, limited or unsound',
    of: ({ result }) => result.validity?.verdict ?? null,
  },
];
