/**
 * The stored evaluation, version 1: what a drive, partition, file or folder was measured by, each measurement with its
 * figures, and what is to be known beside them. The only source of its types and of schema/evaluation.schema.json. Its
 * size is bounded: of a measurement there are figures and no histograms.
 */
import { type Static, Type } from '@sinclair/typebox';
import { EnvironmentSchema } from './schema.ts';
import { amount, count, nullable, strict } from './schema-kinds.ts';
import { EVALUATION_VERSION } from './versions.ts';

/** Measurements of one evaluation: 25 rounds of 56 cells, and 1440 rounds of one, are fewer. */
const STEPS_MAX = 5000;

const share = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1, description });

const CellSchema = Type.Object(
  {
    id: Type.String({ description: 'by which measurements name it: randrw-65-64k-q16t2' }),
    name: Type.String({ description: 'for people: RND64K 65/35 Q16T2' }),
    rw: Type.String({ description: "fio's word: randread, write, rw" }),
    bs: count('bytes'),
    rwmixread: nullable(count('per cent of reads of a mix; null of what only reads or writes')),
    iodepth: Type.Integer({ minimum: 1 }),
    numjobs: Type.Integer({ minimum: 1 }),
    runtime_ns: nullable(Type.Integer({ minimum: 1, description: 'null: once over the region' })),
    trials: Type.Integer({ minimum: 1 }),
    load: Type.Optional(
      Type.Object(
        {
          read_share: Type.Number({ minimum: 0, maximum: 1 }),
          write_share: Type.Number({ minimum: 0, maximum: 1 }),
          write_bs: Type.Integer({ minimum: 1, description: 'bytes of a write; those of a read are in bs' }),
        },
        {
          ...strict,
          description: 'open loop: shares of what the phase limits measured; absent: as fast as it goes',
        },
      ),
    ),
  },
  strict,
);

const SteadyRuleSchema = Type.Object(
  {
    metric: Type.Union([Type.Literal('iops'), Type.Literal('bw'), Type.Literal('lat')]),
    rounds: Type.Integer({ minimum: 2 }),
    range: amount('max - min of the window, of its mean'),
    excursion: nullable(amount('rise or fall of the fitted line over the window, of its mean')),
    cells: Type.Array(Type.String(), { minItems: 1, description: 'ids: each must be steady in one window' }),
    ends: Type.Boolean({ description: 'whether the rounds end when they are steady' }),
  },
  strict,
);

const PhaseSchema = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    rounds: Type.Integer({ minimum: 1, description: 'at most; each measures every cell once' }),
    write_bytes_max: nullable(count('the rounds end when so much has been written in them; null: no bound')),
    steady: nullable(SteadyRuleSchema),
    cells: Type.Array(CellSchema, { minItems: 1 }),
  },
  strict,
);

const OpFiguresSchema = Type.Object(
  {
    iops: amount('median of the trials'),
    bw_bytes: amount('bytes per second, median of the trials'),
    bytes: count('of all trials'),
    lat_ns: Type.Object(
      {
        mean: amount(),
        max: amount(),
        percentile: Type.Record(Type.String(), amount(), { description: 'keys as fio: "99.900000"' }),
      },
      { ...strict, description: 'all trials together' },
    ),
  },
  strict,
);

const StepSchema = Type.Object(
  {
    phase: Type.String(),
    round: count('0-based'),
    cell: Type.String(),
    started_at: Type.String({ format: 'date-time' }),
    runtime_ns: count('of all trials'),
    status: Type.Union([Type.Literal('complete'), Type.Literal('failed')]),
    reason: nullable(Type.String({ description: 'why it failed' })),
    iops: amount('reads and writes, median of the trials'),
    iops_low: amount('least of the trials'),
    iops_high: amount('most of the trials'),
    bw_bytes: amount(),
    read: nullable(OpFiguresSchema),
    write: nullable(OpFiguresSchema),
    errors: count('I/Os that failed'),
    load: Type.Optional(
      Type.Object(
        {
          read_iops: amount('that were asked for'),
          write_iops: amount('that were asked for'),
          missed: Type.Boolean({ description: 'more I/Os that were due were not sent than of a held rate' }),
        },
        { ...strict, description: 'of a cell with rates' },
      ),
    ),
    kernel: nullable(
      Type.Object(
        { read_bytes: count(), written_bytes: count() },
        {
          ...strict,
          description:
            "what the kernel's own counters of the block device say of that time; null without one",
        },
      ),
    ),
  },
  strict,
);

const HealthSchema = Type.Object(
  {
    at: Type.String({ format: 'date-time' }),
    critical_warning: count('bits of the NVMe specification'),
    temperature_c: Type.Number(),
    available_spare_pct: count(),
    available_spare_threshold_pct: count(),
    percentage_used: count('wear: may be more than 100'),
    host_read_bytes: amount('in steps of 512,000'),
    host_written_bytes: amount('in steps of 512,000'),
    media_written_bytes: nullable(amount('of the OCP log page C0h; null: the drive has none')),
    power_on_hours: amount(),
    power_cycles: amount(),
    unsafe_shutdowns: amount(),
    media_errors: amount(),
    warning_temperature_minutes: count(),
    critical_temperature_minutes: count(),
    thermal_transitions: count('of both levels of thermal management'),
  },
  { ...strict, description: 'NVMe log page 02h' },
);

const FindingSchema = Type.Object(
  {
    code: Type.String({ description: 'stable, kebab-case' }),
    message: Type.String(),
    count: count('how many measurements it was said of'),
  },
  strict,
);

const TargetSchema = Type.Object(
  {
    path: Type.String(),
    kind: Type.Union([Type.Literal('block'), Type.Literal('file'), Type.Literal('folder')]),
    size_bytes: count('of the whole; of a folder of the file that is made in it'),
    region_bytes: count('what is worked on, from the start'),
    identity: Type.String({ description: 'by which --resume knows it: a hash' }),
  },
  strict,
);

export const EvaluationSchema = Type.Object(
  {
    schema_version: Type.Literal(EVALUATION_VERSION),
    kind: Type.Literal('evaluation'),
    tool: Type.Object({ name: Type.Literal('uring-bench'), version: Type.String() }, strict),
    status: Type.Union([Type.Literal('complete'), Type.Literal('interrupted'), Type.Literal('failed')]),
    started_at: Type.String({ format: 'date-time' }),
    finished_at: nullable(Type.String({ format: 'date-time' })),
    resumed_at: Type.Array(Type.String({ format: 'date-time' })),
    command_line: Type.Array(Type.String()),
    profile: Type.String(),
    title: Type.String(),
    backend: Type.String(),
    scale: share('of the target'),
    rehearsal: nullable(
      Type.String({
        description: 'why its figures are not those of the standard that it follows; null: none',
      }),
    ),
    read_only: Type.Boolean(),
    purge: Type.String({ description: 'none, discard, secure-discard or format' }),
    purged_at: nullable(Type.String({ format: 'date-time' })),
    randseed: Type.String({ description: 'decimal' }),
    target: TargetSchema,
    environment: EnvironmentSchema,
    phases: Type.Array(PhaseSchema, { minItems: 1 }),
    steps: Type.Array(StepSchema, {
      maxItems: STEPS_MAX,
      description: 'in the order in which they were done',
    }),
    health: Type.Object(
      {
        before: nullable(HealthSchema),
        after: nullable(HealthSchema),
        absent: nullable(Type.String({ description: 'why there is none' })),
      },
      strict,
    ),
    findings: Type.Array(FindingSchema),
  },
  {
    ...strict,
    $id: 'https://uring-bench.invalid/evaluation-1.schema.json',
    title: 'uring-bench evaluation',
  },
);

export type Evaluation = Static<typeof EvaluationSchema>;
export type EvaluationPhase = Static<typeof PhaseSchema>;
export type EvaluationCell = Static<typeof CellSchema>;
export type EvaluationStep = Static<typeof StepSchema>;
export type EvaluationHealth = Static<typeof HealthSchema>;
export type EvaluationFinding = Static<typeof FindingSchema>;
export type OpFigures = Static<typeof OpFiguresSchema>;
