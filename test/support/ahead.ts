/** A command that runs another one ahead of all else on the machine, where that is allowed: what is measured is then quiet. */
import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';

const REALTIME = ['chrt', '--fifo', '10'] as const;
const [program, ...options] = REALTIME;

/** Empty where it takes rights that the test does not have. */
export const ahead: readonly string[] = spawnSync(program, [...options, 'true']).status === 0 ? REALTIME : [];

/** Whether others use so much of the machine that what is measured is theirs. */
export function isBusy(): boolean {
  return (loadavg()[0] ?? 0) > availableParallelism() / 2;
}

/** Why a figure means nothing here; undefined when it does. */
export function tooBusy(): string | undefined {
  const busy = ahead.length === 0 && isBusy();
  return busy ? 'the machine is busy, and going ahead of others takes root' : undefined;
}
