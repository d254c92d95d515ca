/** What a stored result is shown as, when it is more than a comparison of backends: part of the schema in schema.ts. */
import { type Static, Type } from '@sinclair/typebox';
import { amount, count, nullable, strict } from './schema-kinds.ts';

export const LadderSchema = Type.Object(
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

export const ArticleSchema = Type.Object(
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

export const PhaseSchema = Type.Object(
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

export const CacheSchema = Type.Object(
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

export type CacheReport = Static<typeof CacheSchema>;
export type PhaseReport = Static<typeof PhaseSchema>;
export type LadderReport = Static<typeof LadderSchema>;
export type ArticleReport = Static<typeof ArticleSchema>;
export type ArticleTable = ArticleReport['table'];
export type DeviceReads = Static<typeof DeviceReadsSchema>;
