/**
 * Gates without a disk: runs and trials drawn from a model with a seed, judged by the functions that `gate` uses. A run
 * has a level of its own (between runs), its trials scatter about that (within), and a noise kind does what such noise
 * was seen to do to each metric. The candidate's software is slower by a share.
 */
import { compareRuns } from '../../src/compare/compare.ts';
import { DEFAULT_RULES, type Look, trialsNeeded } from '../../src/compare/gate.ts';
import type { ComparePlan } from '../../src/compare/plan.ts';
import { type Outcome, parseRules } from '../../src/compare/rules.ts';
import type { StoredRun } from '../../src/compare/workload.ts';
import type { Trial } from '../../src/results/schema.ts';
import type { Calibration } from '../../src/results/schema-statistics.ts';
import { syntheticRun, syntheticTrial } from './synthetic-run.ts';

/** Deviations as shares. */
export interface Noise {
  /** Of a run's level: of what an I/O costs, and beside that of throughput. */
  between: { cost: number; rate: number };
  /** The same of a trial about its run. */
  within: { cost: number; rate: number };
  /** How often a trial is held up, and by how much of its IOPS at the most. */
  held: { often: number; most: number };
  /** CPU time of others, of which some comes and goes: percent of a CPU. */
  others: number;
  /** Of what the calibrations show of the CPUs: of a run's level, and of a trial about it. */
  calibration: { between: number; within: number };
  /** What the machine of all runs after the baseline is like. */
  shift: Shift | null;
}

/** How much higher costs are, and how much lower rates beside that; what tells it: others' load, or calibrations. */
export interface Shift {
  cost: number;
  rate: number;
  others: number;
  /** What else the calibrations show: shares by which a system call and an I/O of the backend null take longer. */
  calibrated: { syscall: number; null: number };
}

const STEADY: Noise = {
  between: { cost: 0.006, rate: 0.004 },
  within: { cost: 0.006, rate: 0.01 },
  held: { often: 0.02, most: 0.2 },
  others: 0,
  calibration: { between: 0.005, within: 0.015 },
  shift: null,
};

/** Calibrations beside hogs of the CPUs, whose other halves slow them down; beside what comes and goes. */
const UNSTEADY = { between: 0.06, within: 0.1 };
const RESTLESS = { between: 0.015, within: 0.05 };

/** A quiet machine whose CPUs are slower by a share: another frequency, another host of the same kind. */
export function slower(share: number): Noise {
  return {
    ...STEADY,
    shift: { cost: share, rate: 0, others: 0, calibrated: { syscall: share, null: share } },
  };
}

/**
 * A quiet machine whose system calls are dearer, and nothing in user mode: other mitigations. What that makes of an I/O's
 * cost is the share of its kernel part that enters and leaves it.
 */
export function mitigated(share: number, entries: number): Noise {
  const cost = (1 - USER_SHARE) * entries * share;
  return { ...STEADY, shift: { cost, rate: 0, others: 0, calibrated: { syscall: share, null: 0 } } };
}

/** What each kind does: of CPU hogs as it was measured, of the others as they are worse than what was (docs/CI.md). */
export const NOISE = {
  none: STEADY,
  'cpu-hogs': {
    between: { cost: 0.02, rate: 0.35 },
    within: { cost: 0.02, rate: 0.3 },
    held: { often: 0.1, most: 0.5 },
    others: 110,
    calibration: UNSTEADY,
    shift: null,
  },
  'io-hogs': {
    between: { cost: 0.02, rate: 0.1 },
    within: { cost: 0.03, rate: 0.15 },
    held: { often: 0.1, most: 0.5 },
    others: 0,
    calibration: RESTLESS,
    shift: null,
  },
  stops: {
    between: { cost: 0.008, rate: 0.05 },
    within: { cost: 0.008, rate: 0.05 },
    held: { often: 0.4, most: 0.6 },
    others: 0,
    calibration: RESTLESS,
    shift: null,
  },
  shift: {
    ...STEADY,
    shift: { cost: 0.15, rate: -0.4, others: 90, calibrated: { syscall: 0.15, null: 0.15 } },
  },
  'slower CPU': slower(0.15),
} as const satisfies Readonly<Record<string, Noise>>;

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const NS_PER_IO = 2500;
/** Of the CPU time of an I/O. */
const USER_SHARE = 0.3;
/** What a device takes for an I/O where it, and no CPU, is what jobs wait for. */
const DEVICE_NS = 80_000;

interface Costs {
  /** Of an I/O's CPU time, as a factor. */
  cost: number;
  /** Of what the device takes; null: there is none, and jobs do nothing but compute. */
  device: number | null;
  rate: number;
}

/** One trial: IOPS follow from what an I/O takes, and fall further where jobs were kept from running. */
function trialOf(random: () => number, number: number, { cost, device, rate }: Costs, noise: Noise): Trial {
  const scatter = () => Math.exp(noise.within.cost * normal(random));
  const each = cost * scatter();
  const held = random() < noise.held.often ? 1 - noise.held.most * random() : 1;
  const ns = device === null ? NS_PER_IO * each : NS_PER_IO + DEVICE_NS * device * scatter();
  const trial = syntheticTrial(
    number,
    (1e9 / ns) * Math.exp(rate + noise.within.rate * normal(random)) * held,
  );
  const { read } = trial.ops;
  if (read === undefined) throw new Error('a trial of reads');
  // The median I/O is not held up: what keeps the jobs from running hits few of them.
  const lat = ns * Math.exp(noise.within.cost * 0.5 * normal(random));
  const percentile = { ...read.lat_ns.percentile, '50.000000': lat };
  const cpuNs = trial.total_ios * NS_PER_IO * each;
  return {
    ...trial,
    cpu: { usr_ns: cpuNs * USER_SHARE, sys_ns: cpuNs * (1 - USER_SHARE), helpers_ns: 0 },
    ops: { read: { ...read, lat_ns: { ...read.lat_ns, percentile } } },
  };
}

interface RunSpec {
  /** How much dearer its software is; or its device slower, where it waits for one. */
  slower: number;
  device: boolean;
  /** Whether it is on the machine after the shift. */
  shifted: boolean;
  /** Whether its trials have calibrations: older results have none. */
  calibrated: boolean;
}

/** A run with a level of its own that makes as many trials as it is asked for. */
class Run {
  readonly #random: () => number;
  readonly #noise: Noise;
  readonly #costs: Costs;
  readonly #others: number;
  readonly #speed: { syscall: number; null: number } | null;

  constructor(random: () => number, noise: Noise, { slower: change, device, shifted, calibrated }: RunSpec) {
    const shift = shifted ? noise.shift : null;
    this.#random = random;
    this.#noise = noise;
    const level = Math.exp(noise.between.cost * normal(random));
    this.#costs = {
      cost: (1 + (device ? 0 : change)) * (1 + (shift?.cost ?? 0)) * level,
      device: device ? (1 + change) * Math.exp(noise.between.cost * normal(random)) : null,
      rate: (shift?.rate ?? 0) + noise.between.rate * normal(random),
    };
    this.#others = Math.max(0, (shift?.others ?? 0) + noise.others * (1 + 0.25 * normal(random)));
    const speed = (share: number) => (1 + share) * Math.exp(noise.calibration.between * normal(random));
    const { syscall, null: loop } = shift?.calibrated ?? { syscall: 0, null: 0 };
    this.#speed = calibrated ? { syscall: 110 * speed(syscall), null: 15 * speed(loop) } : null;
  }

  #calibration(): { calibration?: Calibration } {
    if (this.#speed === null) return {};
    const scatter = () => Math.exp(this.#noise.calibration.within * normal(this.#random));
    const { syscall, null: loop } = this.#speed;
    return { calibration: { syscall_ns: syscall * scatter(), null_ns: loop * scatter() } };
  }

  trials(from: number, n: number): Trial[] {
    return Array.from({ length: n }, (_, at) => ({
      ...trialOf(this.#random, from + at, this.#costs, this.#noise),
      conditions: {
        steal_pct: 0,
        others_cpu_pct: this.#others,
        cpu_mhz: null,
        throttled: 0,
        others_device_bytes: 0,
        others_device_ios: 0,
        ...this.#calibration(),
      },
    }));
  }
}

function stored(path: string, trials: readonly Trial[]): StoredRun {
  const result = syntheticRun({ null: [] });
  const [backend] = result.backends;
  if (backend === undefined) throw new Error('a run of one backend');
  return { path, result: { ...result, backends: [{ ...backend, trials: [...trials] }] } };
}

export const PLAN: ComparePlan = {
  metrics: [],
  rules: parseRules('fail-on', DEFAULT_RULES),
  byDefault: true,
  inconclusive: 'tell',
};

export interface GateSpec {
  noise: Noise;
  /** How much dearer an I/O of the candidate is: 0.15 is 15 %. */
  slower: number;
  /** Runs in the baseline; ab: none, both sides are measured in turns. */
  baseline: number | 'ab';
  trials: number;
  /** Whether jobs wait for a device, which then is what is slower. */
  device?: boolean;
  /** Whether the baseline's trials have calibrations. */
  calibrated?: boolean;
}

function runOf(random: () => number, { noise, device = false }: GateSpec, rest: Partial<RunSpec>): Run {
  return new Run(random, noise, { slower: 0, device, shifted: false, calibrated: true, ...rest });
}

/** Rounds as a gate makes them. @param measure all trials so far, when so many are added */
function rounds(trials: number, judged: (more: number, so: number) => Outcome | null): Outcome {
  const looks: Look[] = [];
  let so = 0;
  for (let more = trials; more > 0; more = trialsNeeded(looks, trials, 3 * trials)) {
    const outcome = judged(more, so);
    so += more;
    looks.push({ outcome, trials: so });
  }
  return looks.at(-1)?.outcome ?? 'inconclusive';
}

function againstBaseline(random: () => number, spec: GateSpec, runs: number): Outcome {
  const { slower: change, trials, calibrated = true } = spec;
  const baseline = Array.from({ length: runs }, (_, at) =>
    stored(`base#${at}`, runOf(random, spec, { calibrated }).trials(1, trials)),
  );
  const candidate = runOf(random, spec, { slower: change, shifted: true });
  const made: Trial[] = [];
  return rounds(trials, (more, so) => {
    made.push(...candidate.trials(so + 1, more));
    return compareRuns(baseline, [stored('new', made)], PLAN).outcome;
  });
}

/** Both sides share what the machine does in a block: the run's level, but not what hits single trials. */
function inTurns(random: () => number, spec: GateSpec): Outcome {
  const { slower: change, trials } = spec;
  const before: Trial[] = [];
  const after: Trial[] = [];
  const machine = runOf(random, spec, { shifted: true });
  return rounds(trials, (more, so) => {
    before.push(...machine.trials(so + 1, more));
    after.push(
      ...machine.trials(so + 1, more).map((trial) => {
        const dearer = 1 + change;
        const { read } = trial.ops;
        if (read === undefined) throw new Error('a trial of reads');
        const percentile = {
          ...read.lat_ns.percentile,
          '50.000000': (read.lat_ns.percentile['50.000000'] ?? 0) * dearer,
        };
        return {
          ...trial,
          iops: trial.iops / dearer,
          cpu: { ...trial.cpu, usr_ns: trial.cpu.usr_ns * dearer, sys_ns: trial.cpu.sys_ns * dearer },
          ops: { read: { ...read, lat_ns: { ...read.lat_ns, percentile } } },
        };
      }),
    );
    return compareRuns([stored('old', before)], [stored('new', after)], { ...PLAN, paired: true }).outcome;
  });
}

/** One whole gate. */
export function modelGate(random: () => number, spec: GateSpec): Outcome {
  return spec.baseline === 'ab' ? inTurns(random, spec) : againstBaseline(random, spec, spec.baseline);
}
