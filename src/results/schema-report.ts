/** What a stored result is shown as, when it is more than a comparison of backends: part of the schema in schema.ts. */
import { type Static, Type } from '@sinclair/typebox';
import { count, nullable, strict } from './schema-kinds.ts';

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
        'read_bytes of /proc/self/io: what the jobs caused to be read from a device, from their start to their end',
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

export type LadderReport = Static<typeof LadderSchema>;
export type ArticleReport = Static<typeof ArticleSchema>;
export type ArticleTable = ArticleReport['table'];
export type DeviceReads = Static<typeof DeviceReadsSchema>;
