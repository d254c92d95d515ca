/** The words of io_uring's features: what each does, since when, and what workload it takes. */

import { isOnly, opensFiles } from '../workload/operations.ts';
import type { Isolation, Workload } from '../workload/workload.ts';
import type { FeatureWords } from './backend.ts';
import { dsync } from './dsync.ts';

const direct = { test: (w: Workload) => w.direct, what: 'direct I/O (leave out --buffered)' };
const buffered = { test: (w: Workload) => !w.direct, what: 'buffered I/O (--buffered)' };
const directWrites = {
  test: (w: Workload) => w.direct && isOnly(w.rw, 'write'),
  what: 'direct writes (--rw write or randwrite)',
};
const pairs = {
  test: (w: Workload) => w.nativeOptions.pair !== 'none' || opensFiles(w.rw),
  what: 'operations in a row: --pair, or +directfiles and --rw create, open or wholefile',
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
  clone_buffers: {
    help: "registered buffers of all jobs are pinned once, and jobs' rings clone them",
    since: '6.12',
    requires: {
      test: (_: Workload, isolation: Isolation) => isolation === 'thread',
      what: 'jobs that share their memory (--isolation thread)',
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
  sq_rewind: {
    help: 'sqes begin at the first place with each call: small batches stay in the cache',
    since: '7.0',
  },
  min_wait: {
    help: '--iodepth-batch-complete-min is waited for no longer than --min-wait, then for one',
    since: '6.12',
    requires: {
      test: ({ iodepthBatchCompleteMin }: Workload) => iodepthBatchCompleteMin > 1,
      what: 'completions to wait for (--iodepth-batch-complete-min of 2 or more)',
    },
  },
  registered_wait: {
    help: 'what min_wait says with each call is registered once instead of copied each time',
    since: '6.13',
  },
  no_iowait: {
    help: 'waits are idle time, not iowait, and do not raise the CPU frequency as that does',
    since: '6.15',
  },
  vectored: {
    help: 'IORING_OP_READV/WRITEV with one iovec instead of READ/WRITE (with fixedbufs: 6.15)',
    since: '5.1',
    sinceWith: { fixedbufs: '6.15' },
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
  dsync,
  linked: {
    help: '--pair, or open, read and close, as linked sqes instead of one sent after the other',
    since: '5.3',
    requires: pairs,
  },
  cqe_skip: {
    help: 'no completion for those of a linked pair that another follows',
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
  hugepages: {
    help: 'rings and buffers in huge pages of 2 MiB that are set aside (vm.nr_hugepages)',
    since: '6.5',
  },
  cqe_mixed: {
    help: 'cqes of 16 bytes, and of 32 only where a command has that much to say (passthrough)',
    since: '6.18',
  },
  timeout: {
    help: '--thinktime as a request: each of iodepth I/Os pauses by itself, the others go on',
    since: '5.4',
    requires: { test: ({ thinktimeNs }: Workload) => thinktimeNs > 0, what: 'a pause (--thinktime)' },
  },
  directfiles: {
    help: 'what is opened gets a registered slot, never a descriptor (create, open, wholefile)',
    since: '5.15',
    requires: {
      test: ({ rw }: Workload) => opensFiles(rw),
      what: '--rw create, open or wholefile',
    },
  },
  passthrough: {
    help: 'NVMe commands on /dev/ngXnY past the block layer (IORING_OP_URING_CMD)',
    since: '5.19',
    requires: charDevice,
  },
} as const satisfies Record<string, FeatureWords>;
