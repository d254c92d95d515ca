/** fio as the benchmark calls it, and what it answers. */
import { BLOCK_BYTES, type Row } from './rows.ts';

export interface RunSettings {
  path: string;
  fileBytes: number;
  seconds: number;
  cpu: number;
}

/**
 * The leanest fio that still does what uring-bench does: its own process, pinned, offsets without a map of what was
 * read (--norandommap; uring-bench and the bare loops draw them in the same way), histograms on as they are by
 * default (--gtod_reduce=0), no ETA thread, nothing dropped from the cache.
 */
export function fioArgs(row: Row, { path, fileBytes, seconds, cpu }: RunSettings): string[] {
  const batch = [
    `--iodepth_batch_submit=${row.batch}`,
    `--iodepth_batch_complete_min=${row.batch}`,
    `--iodepth_batch_complete_max=${row.batch}`,
  ];
  return [
    `--name=bench`,
    // A job that is a process leaves its parent's session, and stays when that one is killed.
    '--thread',
    ...row.fio,
    `--filename=${path}`,
    `--size=${fileBytes}`,
    '--rw=randread',
    `--bs=${BLOCK_BYTES}`,
    `--iodepth=${row.iodepth}`,
    ...(row.batch > 1 ? batch : []),
    '--direct=0',
    '--invalidate=0',
    '--norandommap',
    '--randrepeat=1',
    '--time_based',
    `--runtime=${Math.round(seconds * 1000)}ms`,
    '--gtod_reduce=0',
    `--cpus_allowed=${cpu}`,
    '--readonly',
    '--eta=never',
    '--output-format=json',
  ];
}

interface FioOutput {
  'fio version': string;
  jobs: { error: number; read: { iops: number; total_ios: number } }[];
}

/**
 * I/Os per second of fio's JSON; notes may stand before it.
 * @throws Error when it holds no job, a job that failed or one that did nothing
 */
export function parseFio(text: string): { version: string; ops: number } {
  const start = text.indexOf('{');
  if (start < 0) throw new Error(`fio did not answer with JSON: ${text.trim().split('\n')[0]}`);
  const { jobs, 'fio version': version } = JSON.parse(text.slice(start)) as FioOutput;
  const [job] = jobs;
  if (jobs.length !== 1 || job === undefined) throw new Error(`fio told of ${jobs.length} jobs, not of one`);
  if (job.error !== 0) throw new Error(`fio's job failed with error ${job.error}`);
  if (!(job.read.iops > 0) || job.read.total_ios === 0) throw new Error("fio's job did nothing");
  return { version, ops: job.read.iops };
}
