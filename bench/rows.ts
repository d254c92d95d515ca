/** What is compared: one row for each interface, the same I/O done by fio, by a bare C loop and by uring-bench. */

export interface Goals {
  /** Least ratio of uring-bench to the bare loop. */
  bare?: number;
  /** Least ratio of uring-bench to fio. */
  fio?: number;
  /** Most nanoseconds per I/O of uring-bench. */
  nsAtMost?: number;
}

export interface Row {
  name: string;
  /** --backend of uring-bench. */
  backend: string;
  /** --ioengine of fio, with what else it takes to do the same. */
  fio: readonly string[];
  /** Mode of bench/bare.c; null when there is no such loop. */
  bare: string | null;
  iodepth: number;
  /** I/Os handed over and taken back per call: iodepth_batch_submit, _complete_min and _complete_max. */
  batch: number;
  /** Shown as nanoseconds per I/O instead of I/Os per second. */
  perIo?: true;
  goals: Goals;
}

export const rows: readonly Row[] = [
  {
    name: 'null, iodepth 8',
    backend: 'null',
    fio: ['--ioengine=null'],
    bare: null,
    iodepth: 8,
    batch: 1,
    perIo: true,
    goals: { nsAtMost: 25 },
  },
  {
    name: 'sync',
    backend: 'sync',
    fio: ['--ioengine=psync'],
    bare: 'sync',
    iodepth: 1,
    batch: 1,
    goals: { bare: 0.95, fio: 1.25 },
  },
  {
    name: 'linux-aio, iodepth 8, batch 1',
    backend: 'linux-aio',
    fio: ['--ioengine=libaio'],
    bare: 'linux-aio',
    iodepth: 8,
    batch: 1,
    goals: { bare: 0.95, fio: 1.35 },
  },
  {
    name: 'io_uring, iodepth 8, batch 1',
    backend: 'io_uring',
    fio: ['--ioengine=io_uring'],
    bare: 'io_uring',
    iodepth: 8,
    batch: 1,
    goals: { bare: 0.95, fio: 1.2 },
  },
  {
    name: 'io_uring+enhanced, iodepth 8, batch 8',
    backend: 'io_uring+enhanced',
    fio: ['--ioengine=io_uring', '--fixedbufs', '--registerfiles'],
    bare: 'io_uring+enhanced',
    iodepth: 8,
    batch: 8,
    goals: { bare: 0.97, fio: 1.4 },
  },
  {
    name: 'posix-aio, iodepth 8',
    backend: 'posix-aio',
    fio: ['--ioengine=posixaio'],
    bare: null,
    iodepth: 8,
    batch: 1,
    goals: { fio: 1.0 },
  },
  {
    // fio's pool has iodepth threads, ours --pool-threads: 4. Not measured yet, so without a goal.
    name: 'threadpool, iodepth 8',
    backend: 'threadpool',
    fio: ['--ioengine=psync', '--io_submit_mode=offload'],
    bare: null,
    iodepth: 8,
    batch: 1,
    goals: {},
  },
];

/** Bytes of each read. */
export const BLOCK_BYTES = 1024;
