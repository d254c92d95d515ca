/** All checks: what `uring-bench doctor` shows and every run keeps. A new one is a row here and a part of docs/TUNING.md. */
import type { Finding } from '../results/schema.ts';
import type { MachineCheck } from './check.ts';
import { deviceChecks } from './checks-device.ts';
import { ioUringChecks } from './checks-io-uring.ts';
import { limitChecks } from './checks-limits.ts';
import { machineChecks } from './checks-machine.ts';
import { pathChecks } from './checks-path.ts';
import type { Seen } from './seen.ts';

export const checks: readonly MachineCheck[] = [
  ...ioUringChecks,
  ...limitChecks,
  ...machineChecks,
  ...pathChecks,
  ...deviceChecks,
];

/** What the checks find, in their order; those that have nothing to look at are left out. */
export function diagnose(seen: Seen): Finding[] {
  return checks.flatMap(({ id, look }) => {
    const found = look(seen);
    return found === null ? [] : [{ id, state: found.state, text: found.text, mend: found.mend ?? null }];
  });
}
