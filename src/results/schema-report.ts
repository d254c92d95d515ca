/** What a stored result is shown as, when it is more than a comparison of backends: part of the schema in schema.ts. */
import { type Static, Type } from '@sinclair/typebox';
import { amount, count, nullable, strict } from './schema-kinds.ts';

const LadderSchema = Type.Object(
  { kind: Type.Literal('ladder') },
  { ...strict, description: 'each backend is a step that adds its label to the step before' },
);

const DeviceReadsSchema = Type.Object(
  {
    variant: Type.String(),
    trial: Type.Integer({ minimum: 1 }),
    io_bytes: count('what the trial itself read'),
    process_bytes: nullable(
      count(
        'read_bytes of /proc/self/io: what the jobs caused to be read from a device, from their start (table 2: from when their files are preloaded) to their end',
      ),
    ),
    device_bytes: nullable(count('sectors read of /sys/block/DEVICE/stat in the same time, by anyone')),
  },
  strict,
);

const ArticleSchema = Type.Object(
  {
    kind: Type.Literal('article'),
    table: Type.Union([Type.Literal('table1'), Type.Literal('table2'), Type.Literal('table3')]),
    full: Type.Boolean({ description: "the article's own number of jobs" }),
    notes: Type.Array(Type.String(), { description: "where this machine's set-up is not the article's" }),
    devices: Type.Array(Type.String(), { description: 'block devices whose reads were counted' }),
    device_reads: Type.Array(DeviceReadsSchema),
  },
  { ...strict, description: 'to be shown beside a table of the article' },
);

const WorkersSchema = Type.Object(
  {
    variant: Type.String(),
    requests: nullable(count('requests that the kernel took, in a pass of their own; null: not counted')),
    handed: nullable(count('of them those that it handed to io-wq workers')),
    why: nullable(Type.String({ description: 'why they were not counted' })),
  },
  strict,
);

const PhaseSchema = Type.Object(
  {
    kind: Type.Literal('phase'),
    of: Type.Union([Type.Literal('metadata'), Type.Literal('durability')]),
    phase: Type.String({ description: 'metadata: the mode of --rw; durability: the way it is reached' }),
    workers: Type.Array(WorkersSchema, { description: 'metadata alone' }),
  },
  { ...strict, description: 'one of the runs of article metadata or durability' },
);

const CacheTrialSchema = Type.Object(
  {
    variant: Type.String(),
    trial: Type.Integer({ minimum: 1 }),
    cache_bytes_peak: count('cached pages of files, seen every interval_ms'),
    pages_in: nullable(count('that came into memory')),
    pages_out: nullable(count('that were taken away')),
    refaults: count('read again soon after they had been taken away'),
    bw_bytes: Type.Array(amount(), { description: 'bytes per second in each interval' }),
  },
  strict,
);

const CacheSchema = Type.Object(
  {
    kind: Type.Literal('cache'),
    access: Type.Union([Type.Literal('sequential'), Type.Literal('random')]),
    direct: Type.Boolean(),
    limit_bytes: nullable(
      count("of the control group that the jobs were in; null: memory was the machine's"),
    ),
    group_version: nullable(count('of control groups: 1 or 2')),
    no_group: nullable(Type.String({ description: 'why there was none' })),
    page_bytes: count('of a page'),
    interval_ms: count(),
    memory_bytes_peak: nullable(
      count("the most that the group's processes used so far, cached pages included"),
    ),
    trials: Type.Array(CacheTrialSchema),
  },
  { ...strict, description: 'one of the runs of article cache' },
);

const TriedRateSchema = Type.Object(
  {
    iops: amount('that were asked for, of all jobs together'),
    verdict: Type.Union([Type.Literal('held'), Type.Literal('missed'), Type.Literal('undecided')]),
    trials: Type.Array(
      Type.Object(
        {
          lat_ns: amount('the percentile of the response'),
          iops: amount('that were done'),
          behind: Type.Boolean({ description: 'more I/Os that were due were not sent than of a held rate' }),
        },
        strict,
      ),
    ),
  },
  strict,
);

const RateSearchSchema = Type.Object(
  {
    variant: Type.String(),
    outcome: Type.Union(
      [
        Type.Literal('bracket'),
        Type.Literal('full'),
        Type.Literal('never'),
        Type.Literal('undecided'),
        Type.Literal('unfinished'),
        Type.Literal('failed'),
      ],
      {
        description:
          "bracket: held at low_iops, missed at high_iops; full: held at as much as a closed loop does; never: missed at the lowest rate; undecided: trials disagreed there; unfinished: stopped; failed: see the backend's reason",
      },
    ),
    closed_iops: nullable(amount('of a closed loop, median of its trials; null where it did none')),
    low_iops: nullable(amount('the highest rate that was held, of all jobs together')),
    high_iops: nullable(amount('the lowest rate that was missed')),
    rates: Type.Array(TriedRateSchema, { description: 'all that were tried, in their order' }),
  },
  strict,
);

const LatencyTargetSchema = Type.Object(
  {
    kind: Type.Literal('latency-target'),
    percentile: amount('of the response: 99'),
    limit_ns: amount('that it is to keep'),
    share: amount('of the high end: no bracket needs to be narrower'),
    searches: Type.Array(RateSearchSchema, { description: 'one of each backend' }),
  },
  {
    ...strict,
    description:
      'the highest rate that keeps a limit of latency; the trials of each backend are those at the highest rate that it held, or at the lowest that was tried',
  },
);

export const ReportSchema = Type.Union(
  [LadderSchema, ArticleSchema, PhaseSchema, CacheSchema, LatencyTargetSchema],
  { description: 'what it is shown as; a comparison when absent' },
);

export type LatencyTargetReport = Static<typeof LatencyTargetSchema>;
export type RateSearchReport = Static<typeof RateSearchSchema>;
export type CacheReport = Static<typeof CacheSchema>;
export type PhaseReport = Static<typeof PhaseSchema>;
export type LadderReport = Static<typeof LadderSchema>;
export type ArticleReport = Static<typeof ArticleSchema>;
export type ArticleTable = ArticleReport['table'];
export type DeviceReads = Static<typeof DeviceReadsSchema>;
