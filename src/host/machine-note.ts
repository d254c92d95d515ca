/** The machine in a few words. */
import { arch, cpus, hostname, release } from 'node:os';
import type { MachineNote } from '../results/schema-machine.ts';

export function noteMachine(): MachineNote {
  return {
    hostname: hostname(),
    kernel: release(),
    arch: arch(),
    cpu_model: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
  };
}
