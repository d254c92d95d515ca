/**
 * The stored baseline of a gate, version 1: results of one workload, made at different times, the last one last. The only
 * source of its types and of schema/baseline.schema.json (`npm run generate`).
 */
import { type Static, Type } from '@sinclair/typebox';
import { ResultSchema } from './schema.ts';
import { strict } from './schema-kinds.ts';
import { BASELINE_VERSION } from './versions.ts';

/** Without the name that it has on its own: within a baseline it is a part. */
const RunSchema = Type.Object(ResultSchema.properties, strict);

export const BaselineSchema = Type.Object(
  {
    schema_version: Type.Literal(BASELINE_VERSION),
    kind: Type.Literal('baseline'),
    tool: Type.Object({ name: Type.Literal('uring-bench'), version: Type.String() }, strict),
    runs: Type.Array(RunSchema, { minItems: 1, description: 'what each gate --update measured' }),
  },
  { ...strict, $id: 'https://uring-bench.invalid/baseline-1.schema.json', title: 'uring-bench baseline' },
);

export type BaselineDocument = Static<typeof BaselineSchema>;
