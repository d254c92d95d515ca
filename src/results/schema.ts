/**
 * The stored result, version 2: the only source of its types and of schema/result.schema.json
 * (`npm run generate`). Names and units are fio's where fio has the thing: `_ns` nanoseconds,
 * `bw_bytes` bytes per second, `iops` operations per second. A report is made from this alone.
 * lift.ts makes it of version 1.
 */
import { type Static, Type } from '@sinclair/typebox';
import { type OperationName, operationNames } from '../workload/operations.ts';
import { LABEL_KEY } from './labels.ts';
import { ExplainSchema } from './schema-explain.ts';
import { amount, count, nullable, strict } from './schema-kinds.ts';
import { ReportSchema } from './schema-report.ts';
import { SteadyStateSchema, TrialSeriesSchema } from './schema-series.ts';
import {
  ConditionsSchema,
  DifferencesSchema,
  EstimateSchema,
  IdleSchema,
  ValiditySchema,
} from './schema-statistics.ts';
import { SCHEMA_VERSION } from './versions.ts';

export const LatencySchema = Type.Object(
  {
    min: amount(),
    max: amount(),
    mean: amount(),
    stddev: amount(),
    N: count('samples; for lat_ns of an operation equal to its total_ios'),
    percentile: Type.Record(Type.String(), amount(), { description: 'keys as fio: "99.900000"' }),
    over_range: count('samples above the histogram range, counted in its last bucket'),
    hdr: Type.String({ description: 'HdrHistogram V2, zlib-compressed, base64; empty when N is 0' }),
  },
  { ...strict, description: 'nanoseconds; all zero and an empty hdr when N is 0' },
);

const OpResultSchema = Type.Object(
  {
    total_ios: count(),
    io_bytes: count(),
    iops: amount(),
    bw_bytes: amount('bytes per second'),
    short_ios: count(),
    slat_ns: LatencySchema,
    clat_ns: LatencySchema,
    lat_ns: LatencySchema,
    service_ns: Type.Optional(LatencySchema),
  },
  {
    ...strict,
    description:
      'lat_ns is from when an I/O was queued to when it was reaped; of jobs with a rate from when it was due (its response), and service_ns, which others lack, from when it was sent',
  },
);

/** By operation. One schema for all of them: that of results does not grow with their number. */
const OpsSchema = Type.Unsafe<Partial<Record<OperationName, OpResult>>>(
  Type.Record(Type.String({ pattern: `^(${operationNames.join('|')})$` }), OpResultSchema, {
    ...strict,
    description:
      'what the workload did, by operation; sync is fsync and fdatasync, which are not in total_ios',
  }),
);

/** What is measured of a trial, and of each group of jobs in it. */
const measured = {
  runtime_ns: count('from the common start to the last completion of the last job'),
  total_ios: count(),
  iops: amount(),
  bw_bytes: amount(),
  ctx: Type.Object(
    {
      total: count(),
      voluntary: count(),
      involuntary: count(),
      helpers: count('the part of total that helper threads made: glibc aio pool, iou-wrk, iou-sqp'),
    },
    { ...strict, description: 'context switches of everything that the backend used' },
  ),
  cpu: Type.Object(
    {
      usr_ns: count(),
      sys_ns: count(),
      helpers_ns: count('the part of usr_ns + sys_ns that helper threads used'),
    },
    strict,
  ),
  page_faults: Type.Optional(
    Type.Object(
      { minor: count('answered from memory'), major: count('for which the kernel had to read') },
      { ...strict, description: "of the jobs' own threads; absent in results of earlier versions" },
    ),
  ),
  instructions: Type.Optional(
    nullable(
      count(
        'in user and kernel mode, helper threads included; null where they could not be counted (a warning says why), absent without --count-instructions',
      ),
    ),
  ),
  syscalls: Type.Object(
    {
      total: count(),
      per_io: amount(),
      by_name: Type.Record(Type.String(), count()),
      exact: Type.Boolean({ description: 'false: helper code makes more that are not counted (futex)' }),
    },
    { ...strict, description: 'system calls made for I/O inside the measured window' },
  ),
  rate: Type.Optional(
    Type.Object(
      {
        asked_iops: amount('of all jobs together'),
        unsent: count('I/Os that were due when the jobs stopped sending and had not been sent'),
      },
      { ...strict, description: 'of an open loop; absent unless all jobs have a rate' },
    ),
  ),
  effective_depth: amount(
    'mean number of I/Os in flight: sum of lat (of jobs with a rate: service) / runtime, over all jobs',
  ),
  ops: OpsSchema,
};

const GroupResultSchema = Type.Object({ name: Type.String(), ...measured }, strict);

const IoErrorSchema = Type.Object(
  {
    op: Type.String({ description: 'read, write, trim or fsync' }),
    errno: count(),
    code: Type.String({ description: 'EIO, ENOSPC, ...' }),
    count: count(),
    first_file: Type.String(),
    first_offset: count(),
  },
  strict,
);

const TrialSchema = Type.Object(
  {
    trial: Type.Integer({ minimum: 1, description: 'its block: each holds every variant once' }),
    position: Type.Integer({ minimum: 1, description: 'its turn within the block, which is shuffled' }),
    status: Type.Union([Type.Literal('complete'), Type.Literal('interrupted'), Type.Literal('failed')]),
    ...measured,
    groups: Type.Array(GroupResultSchema, {
      description: 'of each job group, when a run has several; else empty',
    }),
    offsets_hash: Type.Optional(
      Type.String({
        description:
          "FNV-1a, in hex, of (operation, file, offset) of each job's first 1024 I/Os, of several jobs combined in their order: equal for " +
          'all backends of a trial that did as many; absent when a job did fewer and time bounded it',
      }),
    ),
    errors: Type.Array(IoErrorSchema),
    shared_fds: Type.Optional(
      Type.Boolean({
        description: 'The kernel refused jobs a descriptor table of their own: lookups are reference-counted',
      }),
    ),
    lost: Type.Optional(
      count('I/Os of a failed trial that the kernel took and whose end could not be waited for'),
    ),
    stalled_ns: Type.Optional(
      count(
        'of the window, in stretches of a second or more without any completion, of the job that had most',
      ),
    ),
    failure: nullable(
      Type.Object(
        { message: Type.String(), errno: count(), stage: Type.String(), hint: nullable(Type.String()) },
        strict,
      ),
    ),
    conditions: Type.Optional(ConditionsSchema),
    series: Type.Optional(TrialSeriesSchema),
    steady_state: Type.Optional(SteadyStateSchema),
  },
  strict,
);

const PooledSchema = Type.Object(
  {
    mean: amount(),
    min: amount(),
    max: amount(),
    N: count(),
    percentile: Type.Record(Type.String(), amount()),
  },
  { ...strict, description: 'all operations of total_ios and all trials merged exactly' },
);

const SummarySchema = Type.Object(
  {
    trials: count('complete trials that the summary is made of'),
    iops: EstimateSchema,
    bw_bytes: EstimateSchema,
    ctx: EstimateSchema,
    ctx_per_io: EstimateSchema,
    cpu_ns_per_io: EstimateSchema,
    usr_pct: EstimateSchema,
    sys_pct: EstimateSchema,
    syscalls_per_io: EstimateSchema,
    instructions_per_io: Type.Optional(EstimateSchema),
    iops_vs_reference_pct: nullable(
      Type.Number({ description: 'ratio of median IOPS to the reference, as ±%' }),
    ),
    vs_reference: nullable(DifferencesSchema),
    lat_ns: PooledSchema,
    service_ns: Type.Optional(PooledSchema),
    lat_ns_trials: Type.Record(Type.String(), EstimateSchema, {
      description: "over trials, of each trial's percentiles 50, 99 and 99.9 of all I/Os; keys as fio",
    }),
  },
  strict,
);

const BackendResultSchema = Type.Object(
  {
    backend: Type.String({ description: 'registry name: io_uring' }),
    variant: Type.String({ description: 'canonical: io_uring+fixedbufs+registerfiles' }),
    label: Type.String({ description: 'as shown: the name that was asked for, io_uring+enhanced' }),
    status: Type.Union([
      Type.Literal('complete'),
      Type.Literal('interrupted'),
      Type.Literal('failed'),
      Type.Literal('skipped'),
    ]),
    reason: nullable(Type.String({ description: 'why it was skipped or failed' })),
    trials: Type.Array(TrialSchema),
    summary: nullable(SummarySchema),
    groups: Type.Optional(
      Type.Array(Type.Object({ name: Type.String(), summary: nullable(SummarySchema) }, strict), {
        description: 'the same of each job group, when a run has several; made at its end',
      }),
    ),
    explain: Type.Optional(ExplainSchema),
  },
  strict,
);

const WarningSchema = Type.Object(
  {
    code: Type.String({ description: 'stable, kebab-case: short-ios, file-has-holes, low-depth, ...' }),
    message: Type.String(),
    variant: nullable(Type.String()),
    trial: nullable(Type.Integer({ minimum: 1 })),
    see: Type.Optional(
      Type.String({ description: 'where the documentation says more: docs/TUNING.md#cgroup-cpu' }),
    ),
  },
  strict,
);

const DeviceSchema = Type.Object(
  {
    path: Type.String(),
    kind: Type.Union([Type.Literal('file'), Type.Literal('block'), Type.Literal('char')]),
    size_bytes: nullable(count()),
    file_system: nullable(Type.String()),
    mount_point: nullable(Type.String()),
    mount_options: nullable(Type.String()),
    device: nullable(Type.String({ description: 'block device below: nvme0n1' })),
    model: nullable(Type.String()),
    firmware: nullable(Type.String()),
    rotational: nullable(Type.Boolean()),
    scheduler: nullable(Type.String()),
    nr_requests: nullable(count()),
    logical_block_size: nullable(count()),
    physical_block_size: nullable(count()),
    max_sectors_kb: nullable(count()),
    write_cache: nullable(Type.String({ description: '"write back" or "write through"' })),
    io_poll: nullable(Type.Boolean()),
    nomerges: nullable(count()),
    rq_affinity: nullable(count()),
    wbt_lat_usec: nullable(count()),
    transport: Type.Optional(nullable(Type.String({ description: 'nvme/pcie, sata, virtio' }))),
    serial: Type.Optional(
      nullable(
        Type.String({ description: 'of the drive; "sha256:" and 16 digits of it with --hash-serial' }),
      ),
    ),
    link: Type.Optional(nullable(Type.String({ description: 'PCIe 4.0 x4, SATA 6.0 Gb/s' }))),
    link_bytes_per_second: Type.Optional(
      nullable(amount('what the link to the drive carries: PCIe lanes, SATA; null where sysfs does not say')),
    ),
  },
  strict,
);

const FindingSchema = Type.Object(
  {
    id: Type.String({ description: 'of the check, and its anchor in docs/TUNING.md: cpu-governor' }),
    state: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('missing')]),
    text: Type.String({ description: 'what was found' }),
    mend: nullable(
      Type.String({ description: 'the command that mends it; null when nothing is wrong or none does' }),
    ),
  },
  strict,
);

export const EnvironmentSchema = Type.Object(
  {
    hostname: Type.String(),
    kernel: Type.String(),
    kernel_version: Type.String({ description: '/proc/version build line' }),
    arch: Type.String(),
    virtualization: nullable(
      Type.String({ description: 'kvm, ... as far as the CPU says; null on bare metal' }),
    ),
    cpu_model: Type.String(),
    cpus_online: count(),
    cpus_allowed: count(),
    numa_nodes: count(),
    smt: nullable(Type.Boolean()),
    governor: nullable(Type.String()),
    mitigations: nullable(Type.String()),
    memory_bytes: count(),
    memory_available_bytes: count(),
    memlock_limit_bytes: nullable(count('null: unlimited')),
    aio_max_nr: nullable(count()),
    io_uring_disabled: nullable(count()),
    clock: Type.String({ description: 'tsc or clock_gettime' }),
    tsc_hz: nullable(count()),
    clocksource: nullable(Type.String()),
    node: Type.String(),
    library: Type.String({ description: 'version of the native library; its ABI' }),
    glibc: nullable(Type.String()),
    files: Type.Array(DeviceSchema),
    doctor: Type.Optional(
      Type.Array(FindingSchema, {
        description: 'what `uring-bench doctor` finds here and for the first file of the run, just before it',
      }),
    ),
  },
  strict,
);

export const ResultSchema = Type.Object(
  {
    schema_version: Type.Literal(SCHEMA_VERSION),
    tool: Type.Object({ name: Type.Literal('uring-bench'), version: Type.String() }, strict),
    status: Type.Union([Type.Literal('complete'), Type.Literal('interrupted'), Type.Literal('failed')]),
    started_at: Type.String({ format: 'date-time' }),
    finished_at: nullable(Type.String({ format: 'date-time' })),
    command_line: Type.Array(Type.String()),
    labels: Type.Optional(
      Type.Record(Type.String({ pattern: LABEL_KEY.source }), Type.String(), {
        ...strict,
        description: 'of --label: by which runs are found and told apart',
      }),
    ),
    note: Type.Optional(Type.String({ description: 'of --note' })),
    environment: EnvironmentSchema,
    jobs: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          numjobs: Type.Integer({ minimum: 1 }),
          files: Type.Array(Type.String(), { description: 'paths; those of job 1 when jobs have their own' }),
          variant: Type.Optional(
            Type.String({ description: 'its own, in all trials; absent: that of each trial' }),
          ),
          after: Type.Optional(Type.String({ description: 'name of the jobs at whose end these start' })),
          options: Type.Record(Type.String(), Type.Unknown(), {
            description:
              'every option by its flag name with the value in force, in the units of docs/OPTIONS.md',
          }),
        },
        strict,
      ),
    ),
    reference: nullable(Type.String({ description: 'variant that ±% refers to' })),
    backends: Type.Array(BackendResultSchema),
    idle: Type.Optional(Type.Array(IdleSchema)),
    validity: nullable(ValiditySchema),
    warnings: Type.Array(WarningSchema),
    report: Type.Optional(ReportSchema),
  },
  { ...strict, $id: 'https://uring-bench.invalid/result-2.schema.json', title: 'uring-bench result' },
);

export type Latency = Static<typeof LatencySchema>;
export type OpResult = Static<typeof OpResultSchema>;
export type GroupResult = Static<typeof GroupResultSchema>;
export type IoErrorCount = Static<typeof IoErrorSchema>;
export type Trial = Static<typeof TrialSchema>;
export type Summary = Static<typeof SummarySchema>;
export type BackendResult = Static<typeof BackendResultSchema>;
export type ResultWarning = Static<typeof WarningSchema>;
export type DeviceInfo = Static<typeof DeviceSchema>;
export type Finding = Static<typeof FindingSchema>;
export type Environment = Static<typeof EnvironmentSchema>;
export type RunResult = Static<typeof ResultSchema>;
