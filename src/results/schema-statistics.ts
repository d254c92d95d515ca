/**
 * The part of a stored result that says how sure its numbers are: estimates, differences, what the machine did
 * beside the benchmark. docs/STATISTICS.md explains how each is made.
 */
import { type Static, Type } from '@sinclair/typebox';
import { amount, count, nullable, strict } from './schema-kinds.ts';

export const EstimateSchema = Type.Object(
  {
    median: amount(),
    low: amount('95 % interval of the median: order statistics'),
    high: amount(),
    confidence: amount('that low..high covers the median: below 0.95 of fewer than 6 trials, then min..max'),
    min: amount(),
    max: amount(),
    n: count('trials'),
  },
  { ...strict, description: 'a quantity over the trials of one variant' },
);

export const DifferenceSchema = Type.Object(
  {
    ratio: nullable(amount('to the reference, of medians; null where only the reference has none')),
    low: nullable(amount('95 % interval of the ratio: bootstrap of blocks; null is unbounded')),
    high: nullable(amount()),
    p: amount('of the test'),
    test: Type.Union([Type.Literal('mann-whitney'), Type.Literal('wilcoxon'), Type.Literal('none')]),
    n: count('blocks that have both'),
    verdict: Type.Union(
      [Type.Literal('higher'), Type.Literal('lower'), Type.Literal('same'), Type.Literal('unknown')],
      { description: 'higher, lower: significant at 5 %; same: not significant; unknown: too few trials' },
    ),
    more_trials: count('of each that any test needs to tell, when unknown'),
  },
  { ...strict, description: 'of a variant to the reference, paired within blocks' },
);

export const DifferencesSchema = Type.Object(
  {
    iops: DifferenceSchema,
    lat_ns: Type.Record(Type.String(), DifferenceSchema, {
      description: "each trial's percentiles 50, 99 and 99.9 of all I/Os; keys as fio",
    }),
    cpu_ns_per_io: DifferenceSchema,
    ctx_per_io: DifferenceSchema,
  },
  strict,
);

const IoLimitSchema = Type.Object(
  {
    device: Type.String({ description: 'vda' }),
    rbps: nullable(count('bytes per second')),
    wbps: nullable(count()),
    riops: nullable(count()),
    wiops: nullable(count()),
  },
  { ...strict, description: 'null where there is no limit' },
);

const CgroupSchema = Type.Object(
  {
    cpu_max: nullable(amount('CPUs whose time the quota allows; null: no quota')),
    throttled_pct: nullable(amount("of the quota's periods in which the group was stopped")),
    throttled_ns: nullable(count('for so long, over all CPUs')),
    memory_max_bytes: nullable(count('page cache included; null: no limit')),
    memory_limit_hits: nullable(count('times that the limit was reached')),
    io_max: Type.Array(IoLimitSchema, { description: "of the workload's devices" }),
  },
  { ...strict, description: 'control groups that this process is in; absent when they limit nothing' },
);

const CalibrationSchema = Type.Object(
  {
    syscall_ns: amount('of a system call that does nothing: entry and exit, mitigations included'),
    null_ns: amount('of an I/O of the backend null: the loop itself, in user mode'),
  },
  {
    ...strict,
    description:
      "how fast a CPU of the jobs was right before the trial; absent where it couldn't be measured, and in older results",
  },
);

/** What the machine did beside the benchmark, sampled before and after each trial; null where the kernel is silent. */
export const ConditionsSchema = Type.Object(
  {
    steal_pct: nullable(amount("of all CPUs' time: taken by the hypervisor")),
    others_cpu_pct: nullable(amount('user-mode CPU time of other processes; 100 is one CPU')),
    cpu_mhz: nullable(amount('of the fastest CPU, right after the trial')),
    throttled: nullable(count('times that a CPU was slowed down for its temperature')),
    others_device_bytes: nullable(
      count('moved by others on the devices of a direct workload; null where it cannot be told from our own'),
    ),
    others_device_ios: nullable(count()),
    device_read_bytes: Type.Optional(
      nullable(
        count("that the workload's devices read meanwhile, for anybody; null where they do not count"),
      ),
    ),
    cgroup: Type.Optional(CgroupSchema),
    calibration: Type.Optional(CalibrationSchema),
  },
  strict,
);

/** The machine for a moment in which the benchmark does nothing, before each block of trials. */
export const IdleSchema = Type.Object(
  {
    trial: Type.Integer({ minimum: 1, description: 'the block that followed' }),
    pressure_cpu_pct: nullable(amount('of the time some task waited for a CPU (PSI)')),
    pressure_io_pct: nullable(amount('of the time some task waited for I/O (PSI)')),
    device_bytes_per_second: nullable(amount("moved on the workload's devices")),
  },
  strict,
);

export const ValiditySchema = Type.Object(
  {
    verdict: Type.Union([Type.Literal('sound'), Type.Literal('limited'), Type.Literal('unsound')]),
    text: Type.String({ description: 'what to trust and what not, in a sentence' }),
  },
  strict,
);

export type StoredDifference = Static<typeof DifferenceSchema>;
export type Differences = Static<typeof DifferencesSchema>;
export type CgroupConditions = Static<typeof CgroupSchema>;
export type Calibration = Static<typeof CalibrationSchema>;
export type Conditions = Static<typeof ConditionsSchema>;
export type IdleLook = Static<typeof IdleSchema>;
export type Validity = Static<typeof ValiditySchema>;
