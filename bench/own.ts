/** uring-bench as the benchmark calls it: the command that users have. */
import { join } from 'node:path';
import type { RunResult } from '../src/results/schema.ts';
import { root } from './build.ts';
import type { RunSettings } from './fio.ts';
import { BLOCK_BYTES, type Row } from './rows.ts';

export const executable = join(root, 'bin', 'uring-bench.mjs');

/** What fioArgs says, in the same words. */
export function ownArgs(row: Row, { path, fileBytes, seconds, cpu }: RunSettings): string[] {
  return [
    executable,
    `--backend=${row.backend}`,
    `--filename=${path}`,
    `--size=${fileBytes}`,
    '--rw=randread',
    `--bs=${BLOCK_BYTES}`,
    `--iodepth=${row.iodepth}`,
    `--iodepth-batch-submit=${row.batch}`,
    `--iodepth-batch-complete-min=${row.batch}`,
    `--iodepth-batch-complete-max=${row.batch}`,
    '--buffered',
    '--invalidate=0',
    '--norandommap',
    `--runtime=${Math.round(seconds * 1000)}ms`,
    `--cpus-allowed=${cpu}`,
    '--trials=1',
    '--output-format=json',
    '--no-save',
    '--quiet',
  ];
}

/**
 * I/Os per second of its JSON.
 * @throws Error when it is not one complete trial in which every I/O succeeded and is in the histogram
 */
export function parseOwn(text: string): number {
  const { backends } = JSON.parse(text) as RunResult;
  const [trial] = backends.flatMap(({ trials }) => trials);
  if (trial?.status !== 'complete') throw new Error(`uring-bench: ${backends[0]?.reason ?? 'no trial'}`);
  const { errors, total_ios: ios, iops } = trial;
  const { read } = trial.ops;
  if (read === undefined) throw new Error('uring-bench: no reads');
  if (errors.length > 0 || read.short_ios > 0) throw new Error('uring-bench: I/Os failed or were short');
  if (ios === 0 || read.lat_ns.N !== ios) throw new Error(`${read.lat_ns.N} latencies of ${ios} I/Os`);
  return iops;
}
