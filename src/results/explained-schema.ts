/**
 * What `uring-bench explain -- COMMAND` saw of a program that is not ours, version 1: the only source of its types and of
 * schema/explanation.schema.json (`npm run generate`).
 */
import { type Static, Type } from '@sinclair/typebox';
import { ExplainSchema } from './schema-explain.ts';
import { count, strict } from './schema-kinds.ts';
import { MachineNoteSchema } from './schema-machine.ts';
import { EXPLANATION_VERSION } from './versions.ts';

export const ExplainedCommandSchema = Type.Object(
  {
    schema_version: Type.Literal(EXPLANATION_VERSION),
    kind: Type.Literal('explanation'),
    tool: Type.Object({ name: Type.Literal('uring-bench'), version: Type.String() }, strict),
    started_at: Type.String({ format: 'date-time' }),
    finished_at: Type.String({ format: 'date-time' }),
    command_line: Type.Array(Type.String()),
    environment: MachineNoteSchema,
    command: Type.Array(Type.String(), { minItems: 1, description: 'what was run, with its arguments' }),
    exit_code: count("the command's; 128 and the signal's number where one ended it"),
    explain: ExplainSchema,
  },
  {
    ...strict,
    $id: 'https://uring-bench.invalid/explanation-1.schema.json',
    title: 'uring-bench explanation of a command',
  },
);

export type ExplainedCommand = Static<typeof ExplainedCommandSchema>;
