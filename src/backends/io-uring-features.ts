/** The words of io_uring's features: what each does, since when, and what workload it takes. */

import { isOnly } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';
import type { FeatureWords } from './backend.ts';

const direct = { test: (w: Workload) => w.direct, what: 'direct I/O (leave out --buffered)' };
const buffered = { test: (w: Workload) => !w.direct, what: 'buffered I/O (--buffered)' };
const directWrites = {
  test: (w: Workload) => w.direct && isOnly(w.rw, 'write'),
  what: 'direct writes (--rw write or randwrite)',
};
const pairs = {
  test: (w: Workload) => w.nativeOptions.pair !== 'none',
  what: 'a pair of operations (--pair)',
};
const charDevice = {
  test: (w: Workload) => w.charDevices,
  what: 'NVMe generic devices as --filename (/dev/ng0n1)',
};

/** SZ_1G in io_uring/rsrc.c. */
const REGISTERED_MAX = 2 ** 30;

export const ioUringFeatures = {
  registerfiles: {
    help: 'registered files (IOSQE_FIXED_FILE): no descriptor look-up per I/O',
    since: '5.1',
  },
  fixedbufs: {
    help: 'registered buffers (READ_FIXED, WRITE_FIXED): no mapping of pages per direct I/O',
    since: '5.1',
    requires: {
      test: ({ bs }: Workload) => Math.max(bs.read, bs.write) <= REGISTERED_MAX,
      what: 'a bs of at most 1g, which is what the kernel registers as one buffer',
    },
  },
  registerring: {
    help: "the ring's own descriptor registered: no look-up per io_uring_enter",
    since: '5.18',
  },
  coop_taskrun: {
    help: 'completions wait for the next system call instead of interrupting the thread',
    since: '5.19',
  },
  single_issuer: {
    help: 'promises that one thread submits',
    since: '6.0',
  },
  defer_taskrun: {
    help: 'completion work runs only while the thread waits for completions',
    since: '6.1',
  },
  no_sqarray: {
    help: 'sqes are taken in ring order, without the index array',
    since: '6.6',
  },
  vectored: {
    help: 'IORING_OP_READV/WRITEV with one iovec instead of READ/WRITE',
    since: '5.1',
  },
  iopoll: {
    help: 'completions are polled for, no interrupt; the device needs poll queues',
    since: '5.1',
    requires: direct,
    refused: 'the device has no poll queues (its queue/io_poll is 0)',
  },
  hybrid_iopoll: {
    help: 'iopoll that sleeps for a part of the expected time first',
    since: '6.13',
  },
  sqpoll: {
    help: 'a kernel thread takes submissions, no system call (--sqthread-poll-cpu, --sqthread-poll-idle)',
    since: '5.1',
  },
  force_async: {
    help: 'IOSQE_ASYNC: every I/O goes to an io-wq worker at once (--iowq-bounded, --iowq-unbounded)',
    since: '5.6',
  },
  uncached: {
    help: 'RWF_DONTCACHE: buffered, but pages are dropped when done with',
    since: '6.14',
    requires: buffered,
    refused: 'the file system lacks it',
  },
  nowait: {
    help: 'RWF_NOWAIT: an I/O that would block fails with EAGAIN, which is counted',
    since: '4.14',
  },
  atomic: {
    help: 'RWF_ATOMIC: untorn writes, where file system and device can',
    since: '6.11',
    requires: directWrites,
    refused: 'the file system or device cannot write blocks untorn',
  },
  linked: {
    help: '--pair as two linked sqes instead of one sent after the other',
    since: '5.3',
    requires: pairs,
  },
  cqe_skip: {
    help: 'no completion for the first of a linked pair',
    since: '5.17',
  },
  no_mmap: {
    help: "the rings lie in the program's memory",
    since: '6.5',
  },
  big_rings: {
    help: '128-byte sqes and 32-byte cqes, as pass-through needs them',
    since: '5.19',
  },
  passthrough: {
    help: 'NVMe commands on /dev/ngXnY past the block layer (IORING_OP_URING_CMD)',
    since: '5.19',
    requires: charDevice,
  },
} as const satisfies Record<string, FeatureWords>;
