/**
 * The stored sweep, version 2: a grid of options and the result of each point that was run. The only source of its
 * types and of schema/sweep.schema.json (`npm run generate`).
 */
import { type Static, Type } from '@sinclair/typebox';
import { ResultSchema } from './schema.ts';
import { SWEEP_VERSION } from './versions.ts';

const strict = { additionalProperties: false };

/** Without the name that it has on its own: within a sweep it is a part. */
const PointResultSchema = Type.Object(ResultSchema.properties, strict);

const PointSchema = Type.Object(
  {
    values: Type.Record(Type.String(), Type.String(), {
      description: 'the value of each dimension, in the syntax of its option: {"bs": "4k", "iodepth": "8"}',
    }),
    result: PointResultSchema,
  },
  strict,
);

const GridSchema = Type.Object(
  {
    dimensions: Type.Array(
      Type.Object({ option: Type.String(), values: Type.Array(Type.String(), { minItems: 2 }) }, strict),
      { minItems: 1, description: 'the last one changes first' },
    ),
    axis: Type.Union([Type.String(), Type.Null()], {
      description: 'dimension that curves go along; null when none is a number',
    }),
    options: Type.Record(Type.String(), Type.Array(Type.String()), {
      description: 'every other option of the runs that was given, as it was written',
    }),
  },
  strict,
);

const LimitSchema = Type.Object(
  { metric: Type.String({ description: 'lat_p99' }), ns: Type.Number({ exclusiveMinimum: 0 }) },
  strict,
);

export const SweepSchema = Type.Object(
  {
    schema_version: Type.Literal(SWEEP_VERSION),
    kind: Type.Literal('sweep'),
    tool: Type.Object({ name: Type.Literal('uring-bench'), version: Type.String() }, strict),
    status: Type.Union([Type.Literal('complete'), Type.Literal('interrupted'), Type.Literal('failed')]),
    started_at: Type.String({ format: 'date-time' }),
    finished_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    resumed_at: Type.Array(Type.String({ format: 'date-time' }), {
      description: 'when --resume went on with it',
    }),
    command_line: Type.Array(Type.String()),
    grid: GridSchema,
    report: Type.Object(
      {
        metrics: Type.Array(Type.String(), { minItems: 1 }),
        latency_limit: Type.Union([LimitSchema, Type.Null()]),
        knee_gain_pct: Type.Number({ exclusiveMinimum: 0 }),
      },
      { ...strict, description: 'what to show of it unless asked otherwise' },
    ),
    points: Type.Array(PointSchema, { description: 'those that were run, in the order of the grid' }),
  },
  { ...strict, $id: 'https://uring-bench.invalid/sweep-2.schema.json', title: 'uring-bench sweep' },
);

export type SweepPoint = Static<typeof PointSchema>;
export type SweepGrid = Static<typeof GridSchema>;
export type LatencyLimit = Static<typeof LimitSchema>;
export type SweepResult = Static<typeof SweepSchema>;
