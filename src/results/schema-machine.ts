/** What is kept of the machine where the device under test is none of it: echo's results, explained commands. */
import { type Static, Type } from '@sinclair/typebox';
import { count, strict } from './schema-kinds.ts';

export const MachineNoteSchema = Type.Object(
  {
    hostname: Type.String(),
    kernel: Type.String(),
    arch: Type.String(),
    cpu_model: Type.String(),
    cpus: count('that are online'),
  },
  strict,
);

export type MachineNote = Static<typeof MachineNoteSchema>;
