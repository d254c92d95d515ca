/**
 * The latency map of an evaluation: how soon reads and writes are answered at shares of what the target does of each
 * alone, both by an open loop at the same time.
 */
import type { RunPlan } from '../resolve/run-plan.ts';
import type {
  Evaluation,
  EvaluationCell,
  EvaluationPhase,
  EvaluationStep,
} from '../results/evaluate-schema.ts';
import { stepsOf } from '../stats/evaluation.ts';

const KIB = 1024;
const READ_BS = 4 * KIB;
const WRITE_BS = 128 * KIB;
export const MAP_DEFAULT = 6;
const LIMITS = 'limits';
/** Names of the groups of jobs. */
const READS = 'reads';
const WRITES = 'writes';
/** The schedule counts I/Os a second in whole numbers. */
const RATE_MIN = 1;

export interface MapOptions {
  /** Shares of each direction, from none to all. */
  size: number;
  /** Of a cell and of a limit. */
  runtimeNs: number;
}

const isRead = ({ rw }: EvaluationCell): boolean => rw.endsWith('read');

/** What is done of one direction alone, as fast as it goes. */
function limit(
  name: string,
  of: Pick<EvaluationCell, 'id' | 'rw' | 'bs' | 'iodepth'>,
  runtimeNs: number,
): EvaluationCell {
  return { ...of, name, rwmixread: null, numjobs: 1, runtime_ns: runtimeNs, trials: 1 };
}

function mapCell(read: number, write: number, { size, runtimeNs }: MapOptions): EvaluationCell {
  const share = (level: number): number => level / (size - 1);
  const percent = (level: number): string => `${Math.round(share(level) * 100)}%`;
  return {
    id: `map-${read}-${write}`,
    name: `reads ${percent(read)} writes ${percent(write)}`,
    rw: write === 0 ? 'randread' : read === 0 ? 'write' : 'randrw',
    bs: read === 0 ? WRITE_BS : READ_BS,
    rwmixread: null,
    iodepth: 64,
    numjobs: 1,
    runtime_ns: runtimeNs,
    trials: 1,
    load: { read_share: share(read), write_share: share(write), write_bs: WRITE_BS },
  };
}

/** The limits of both directions, then each pair of shares of them but none of both. */
export function mapPhases(options: MapOptions): EvaluationPhase[] {
  const { size, runtimeNs } = options;
  const levels = Array.from({ length: size }, (_, level) => level);
  const shared = { rounds: 1, write_bytes_max: null, steady: null };
  return [
    {
      ...shared,
      name: LIMITS,
      title: 'what it does of reads alone and of writes alone',
      cells: [
        limit('RND4K read Q64T1', { id: 'limit-read', rw: 'randread', bs: READ_BS, iodepth: 64 }, runtimeNs),
        limit(
          'SEQ128K write Q32T1',
          { id: 'limit-write', rw: 'write', bs: WRITE_BS, iodepth: 32 },
          runtimeNs,
        ),
      ],
    },
    {
      ...shared,
      name: 'map',
      title: 'latency map: random 4k reads by sequential 128k writes',
      cells: levels.flatMap((write) =>
        levels.flatMap((read) => (read + write === 0 ? [] : [mapCell(read, write, options)])),
      ),
    },
  ];
}

/** I/Os a second that a cell asks for; null of a cell without a rate, or before its limits are known. */
export function loadOf(
  evaluation: Pick<Evaluation, 'steps' | 'phases'>,
  { load }: EvaluationCell,
): { reads: number; writes: number } | null {
  if (load === undefined) return null;
  const cells = evaluation.phases.find(({ name }) => name === LIMITS)?.cells ?? [];
  const steps = stepsOf(evaluation, LIMITS);
  const most = (read: boolean): number => {
    const id = cells.find((cell) => isRead(cell) === read)?.id;
    return steps.find(({ cell }) => cell === id)?.iops ?? 0;
  };
  const rate = (share: number, iops: number) =>
    share === 0 ? 0 : Math.max(RATE_MIN, Math.round(share * iops));
  return { reads: rate(load.read_share, most(true)), writes: rate(load.write_share, most(false)) };
}

/** The run of a cell at the rates that are known now: those of its plan only hold their place. */
export function atRates(plan: RunPlan, { reads, writes }: { reads: number; writes: number }): RunPlan {
  return {
    ...plan,
    groups: plan.groups.map((group) => ({
      ...group,
      workload: { ...group.workload, rateIops: group.workload.name === WRITES ? writes : reads },
    })),
  };
}

/** Groups of jobs of a cell, as --job has them. Their rates hold their place until the limits are known. */
export function groupTexts({ load, iodepth }: EvaluationCell): string[] {
  if (load === undefined) return [];
  const rated = `iodepth=${iodepth} rate-iops=${RATE_MIN} rate-process=poisson`;
  return [
    ...(load.read_share > 0 ? [`name=${READS} rw=randread bs=${READ_BS} ${rated}`] : []),
    ...(load.write_share > 0 ? [`name=${WRITES} rw=write bs=${load.write_bs} ${rated}`] : []),
  ];
}

/** What a step of a cell with rates keeps beside its figures. */
export function loadFigures(
  load: { reads: number; writes: number } | null,
  missed: boolean,
): Pick<EvaluationStep, 'load'> {
  return load === null ? {} : { load: { read_iops: load.reads, write_iops: load.writes, missed } };
}
