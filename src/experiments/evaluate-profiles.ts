/** What `uring-bench evaluate` can do with a target: one table, from profiles by phases to workloads. docs/EVALUATE.md says what each is for. */
import type { EvaluationCell, EvaluationPhase } from '../results/evaluate-schema.ts';
import { PTS_RULE } from '../stats/steady-state.ts';
import { MAP_DEFAULT, mapPhases } from './evaluate-map.ts';

const KIB = 1024;
const MIB = 2 ** 20;
const SECOND_NS = 1e9;
/** PTS: of each cell of a round. */
const PTS_CELL_NS = 60 * SECOND_NS;
/** PTS: a test that has not settled by then is reported as it is. */
const PTS_ROUNDS = 25;
/** PTS: a write saturation test ends after a day. */
const DAY_ROUNDS = 24 * 60;

/** What changes a profile's plan. */
export interface ProfileOptions {
  /** What is worked on, in bytes. */
  regionBytes: number;
  /** Nothing is written. */
  readOnly: boolean;
  /** Time of a cell of a round in place of the profile's; null: its own. */
  roundNs: number | null;
  /** Rounds at most in place of the profile's; null: its own. */
  rounds: number | null;
  /** Shares of each direction in a latency map in place of the profile's; null: its own. */
  map: number | null;
}

export interface Profile {
  title: string;
  /** The standard whose flow it follows; null: none. */
  follows: string | null;
  /** What of a target is worked on, at most; null: all of it. */
  regionBytesMax: number | null;
  /** Whether a folder will do, in which a file is made; else a device, or a file that is there. */
  folders: boolean;
  /** Whether its figures need rounds that follow each other without a stop. */
  unbroken: boolean;
  phases: (options: ProfileOptions) => EvaluationPhase[];
}

type Mix = 'read' | 'write' | number;

interface CellWish {
  random: boolean;
  bs: number;
  mix: Mix;
  iodepth: number;
  numjobs: number;
  runtimeNs: number | null;
  trials?: number;
}

/** 4k, 1m, 512. */
function sizeWord(bytes: number): string {
  if (bytes % MIB === 0) return `${bytes / MIB}m`;
  return bytes % KIB === 0 ? `${bytes / KIB}k` : String(bytes);
}

/** fio's word for a pattern: reads, writes, or both. */
function rwOf(random: boolean, mix: Mix): string {
  const word = mix === 'read' || mix === 100 ? 'read' : mix === 'write' || mix === 0 ? 'write' : 'rw';
  return `${random ? 'rand' : ''}${word}`;
}

function mixWord(mix: Mix): string {
  return typeof mix === 'number' ? `${mix}/${100 - mix}` : mix;
}

function cell({ random, bs, mix, iodepth, numjobs, runtimeNs, trials = 1 }: CellWish): EvaluationCell {
  const rw = rwOf(random, mix);
  const mixed = typeof mix === 'number' && mix > 0 && mix < 100;
  const queue = `q${iodepth}t${numjobs}`;
  return {
    id: `${rw}${mixed ? `-${mix}` : ''}-${sizeWord(bs)}-${queue}`,
    name: `${random ? 'RND' : 'SEQ'}${sizeWord(bs).toUpperCase()} ${mixWord(mix)} ${queue.toUpperCase()}`,
    rw,
    bs,
    rwmixread: mixed ? mix : null,
    iodepth,
    numjobs,
    runtime_ns: runtimeNs,
    trials,
  };
}

const isRead = ({ rw }: Pick<EvaluationCell, 'rw'>): boolean => rw === 'read' || rw === 'randread';

/** Once over the whole region, so that no read is of what was never written. */
function pass(name: string, title: string, bs: number, rounds: number): EvaluationPhase {
  const once = cell({ random: false, bs, mix: 'write', iodepth: 32, numjobs: 1, runtimeNs: null });
  return { name, title, rounds, write_bytes_max: null, steady: null, cells: [once] };
}

/** Each cell once. */
function once(name: string, title: string, cells: EvaluationCell[]): EvaluationPhase {
  return { name, title, rounds: 1, write_bytes_max: null, steady: null, cells };
}

/** PTS: 128 KiB sequential writes of twice the capacity, a pass at a time so that a stop does not lose both. */
const precondition = (): EvaluationPhase =>
  pass('precondition', 'workload-independent preconditioning: 2 x 128 KiB sequential writes', 128 * KIB, 2);

interface RoundsWish {
  name: string;
  title: string;
  metric: 'iops' | 'bw' | 'lat';
  cells: EvaluationCell[];
  tracked: readonly EvaluationCell[];
}

/** Rounds of all cells until those that are tracked have settled. They are the workload-dependent preconditioning, too. */
function settling({ name, title, metric, cells, tracked }: RoundsWish, rounds: number): EvaluationPhase {
  const ids = tracked.map(({ id }) => id);
  const kept = cells.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
  const steady = kept.length === 0 ? null : { metric, ...PTS_RULE, cells: kept, ends: true };
  return { name, title, rounds, write_bytes_max: null, steady, cells };
}

const QUICK_NS = 4 * SECOND_NS;
const QUICK_TRIALS = 3;
const KNEE_NS = 3 * SECOND_NS;
const KNEE_DEPTHS = [1, 2, 4, 8, 16, 32, 64, 128] as const;
/** Of a mix of quick: what most databases are near. */
const QUICK_MIX = 70;

function quickPhases({ roundNs }: ProfileOptions): EvaluationPhase[] {
  const shapes = [
    { random: false, bs: MIB, iodepth: 8, numjobs: 1 },
    { random: false, bs: MIB, iodepth: 1, numjobs: 1 },
    { random: true, bs: 4 * KIB, iodepth: 32, numjobs: 1 },
    { random: true, bs: 4 * KIB, iodepth: 1, numjobs: 1 },
  ];
  const mixes: Mix[] = ['read', 'write', QUICK_MIX];
  const screen = shapes.flatMap((shape) =>
    mixes.map((mix) => cell({ ...shape, mix, runtimeNs: roundNs ?? QUICK_NS, trials: QUICK_TRIALS })),
  );
  const knee = (mix: Mix) =>
    KNEE_DEPTHS.map((iodepth) =>
      cell({ random: true, bs: 4 * KIB, mix, iodepth, numjobs: 1, runtimeNs: roundNs ?? KNEE_NS }),
    );
  return [
    pass('fill', 'the region is written once', MIB, 1),
    once('screen', 'sequential and random, read, write and mixed', screen),
    once('knee-read', 'random 4k reads by depth', knee('read')),
    once('knee-write', 'random 4k writes by depth', knee('write')),
  ];
}

const PTS_IOPS_MIXES = [100, 95, 65, 50, 35, 5, 0] as const;
const PTS_IOPS_SIZES = [MIB, 128 * KIB, 64 * KIB, 32 * KIB, 16 * KIB, 8 * KIB, 4 * KIB, 512] as const;

function iopsPhases({ roundNs, rounds }: ProfileOptions): EvaluationPhase[] {
  const runtimeNs = roundNs ?? PTS_CELL_NS;
  const at = (mix: number, bs: number) => cell({ random: true, bs, mix, iodepth: 16, numjobs: 2, runtimeNs });
  return [
    precondition(),
    settling(
      {
        name: 'rounds',
        title: 'random IOPS of 7 mixes x 8 block sizes',
        metric: 'iops',
        cells: PTS_IOPS_MIXES.flatMap((mix) => PTS_IOPS_SIZES.map((bs) => at(mix, bs))),
        tracked: [at(0, 4 * KIB), at(65, 64 * KIB), at(100, MIB)],
      },
      rounds ?? PTS_ROUNDS,
    ),
  ];
}

function throughputPhases({ roundNs, rounds }: ProfileOptions): EvaluationPhase[] {
  const runtimeNs = roundNs ?? PTS_CELL_NS;
  return [128 * KIB, MIB].flatMap((bs) => {
    const at = (mix: Mix) => cell({ random: false, bs, mix, iodepth: 32, numjobs: 1, runtimeNs });
    const [read, write] = [at('read'), at('write')];
    const word = `${bs / KIB} KiB`;
    return [
      { ...precondition(), name: `precondition-${sizeWord(bs)}` },
      settling(
        {
          name: `rounds-${sizeWord(bs)}`,
          title: `sequential throughput of ${word}`,
          metric: 'bw',
          cells: [read, write],
          tracked: [read, write],
        },
        rounds ?? PTS_ROUNDS,
      ),
    ];
  });
}

function latencyPhases({ roundNs, rounds }: ProfileOptions): EvaluationPhase[] {
  const at = (mix: number, bs: number) =>
    cell({ random: true, bs, mix, iodepth: 1, numjobs: 1, runtimeNs: roundNs ?? PTS_CELL_NS });
  return [
    precondition(),
    settling(
      {
        name: 'rounds',
        title: 'latency with one outstanding I/O, 3 mixes x 3 block sizes',
        metric: 'lat',
        cells: [100, 65, 0].flatMap((mix) => [8 * KIB, 4 * KIB, 512].map((bs) => at(mix, bs))),
        tracked: [at(0, 4 * KIB)],
      },
      rounds ?? PTS_ROUNDS,
    ),
  ];
}

function saturationPhases({ regionBytes, roundNs, rounds }: ProfileOptions): EvaluationPhase[] {
  const runtimeNs = roundNs ?? PTS_CELL_NS;
  const write = cell({ random: true, bs: 4 * KIB, mix: 'write', iodepth: 16, numjobs: 2, runtimeNs });
  return [
    {
      name: 'saturation',
      title: 'random 4k writes over time, until 4 x the capacity is written or a day is over',
      rounds: rounds ?? DAY_ROUNDS,
      write_bytes_max: 4 * regionBytes,
      // PTS goes on: when it settled is told.
      steady: { metric: 'iops', ...PTS_RULE, cells: [write.id], ends: false },
      cells: [write],
    },
  ];
}

const MAP_NS = 10 * SECOND_NS;

function mixedPhases({ roundNs, map }: ProfileOptions): EvaluationPhase[] {
  return [
    pass('fill', 'the region is written once', 128 * KIB, 1),
    ...mapPhases({ size: map ?? MAP_DEFAULT, runtimeNs: roundNs ?? MAP_NS }),
  ];
}

const PTS = { follows: 'SNIA PTS 2.0.2', regionBytesMax: null, folders: false, unbroken: true } as const;

export const profiles = {
  quick: {
    title: 'the screen that everybody knows, latency at depth 1, and the knee',
    follows: null,
    regionBytesMax: 2 * 2 ** 30,
    folders: true,
    unbroken: false,
    phases: quickPhases,
  },
  mixed: {
    title: 'latency map: how soon reads and writes are answered beside each other, by their rates',
    follows: null,
    regionBytesMax: null,
    folders: false,
    unbroken: false,
    phases: mixedPhases,
  },
  'snia-iops': { ...PTS, title: 'SNIA PTS: IOPS', phases: iopsPhases },
  'snia-throughput': { ...PTS, title: 'SNIA PTS: throughput', phases: throughputPhases },
  'snia-latency': { ...PTS, title: 'SNIA PTS: latency', phases: latencyPhases },
  'snia-wsat': { ...PTS, title: 'SNIA PTS: write saturation', phases: saturationPhases },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

/** Names that people may look for, and why there is nothing behind them. */
export const missingProfiles: Readonly<Record<string, string>> = {
  standard: 'is not there yet',
  dirth: "is SNIA's demand intensity and response time histogram, which is not there yet",
};

/** The half of a plan that only reads; phases without any go. */
function readingHalf(phases: readonly EvaluationPhase[]): EvaluationPhase[] {
  return phases.flatMap((phase) => {
    const cells = phase.cells.filter(isRead);
    const ids = cells.map(({ id }) => id);
    const { steady } = phase;
    const tracked = steady?.cells.filter((id) => ids.includes(id)) ?? [];
    if (cells.length === 0) return [];
    return [
      {
        ...phase,
        cells,
        steady: steady === null || tracked.length === 0 ? null : { ...steady, cells: tracked },
      },
    ];
  });
}

/** Phases of a profile: what is going to be done. Empty when it has no reading half and that is asked for. */
export function phasesOf(profile: Profile, options: ProfileOptions): EvaluationPhase[] {
  const phases = profile.phases(options);
  const kept = options.readOnly ? readingHalf(phases) : phases;
  // Without what they wait for, rounds would go on to the last.
  return kept.map((phase) => (options.readOnly && phase.steady === null ? { ...phase, rounds: 1 } : phase));
}

/** Whether a cell writes. */
export function writes(one: Pick<EvaluationCell, 'rw'>): boolean {
  return !isRead(one);
}

/** What a plan takes, told before it begins. */
export interface Cost {
  /** Of passes over the region, in bytes. */
  passBytes: number;
  /** In which it writes as fast as the target takes it, at the most. */
  writingNs: number;
  /** Of all cells at the most, passes not counted. */
  timedNs: number;
}

export function costOf(phases: readonly EvaluationPhase[], regionBytes: number): Cost {
  const cost: Cost = { passBytes: 0, writingNs: 0, timedNs: 0 };
  for (const { rounds, cells } of phases) {
    for (const one of cells) {
      if (one.runtime_ns === null) cost.passBytes += writes(one) ? rounds * regionBytes : 0;
      else {
        const ns = rounds * one.trials * one.runtime_ns;
        cost.timedNs += ns;
        if (writes(one)) cost.writingNs += ns;
      }
    }
  }
  return cost;
}
