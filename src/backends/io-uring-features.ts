/** The features of io_uring: what each sets, since when, and what it takes. */

import { UB } from '../native/abi.ts';
import { isOnly } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';
import type { Feature } from './backend.ts';

const direct = { test: (w: Workload) => w.direct, what: 'direct I/O (leave out --buffered)' };
const buffered = { test: (w: Workload) => !w.direct, what: 'buffered I/O (--buffered)' };
const directWrites = {
  test: (w: Workload) => w.direct && isOnly(w.rw, 'write'),
  what: 'direct writes (--rw write or randwrite)',
};
const pairs = { test: (w: Workload) => w.pair !== 'none', what: 'a pair of operations (--pair)' };
const charDevice = {
  test: (w: Workload) => w.charDevices,
  what: 'NVMe generic devices as --filename (/dev/ng0n1)',
};

export const ioUringFeatures: readonly Feature[] = [
  {
    name: 'registerfiles',
    bit: UB.FEATURE_REGISTERFILES,
    help: 'registered files (IOSQE_FIXED_FILE): no descriptor look-up per I/O',
    since: '5.1',
  },
  {
    name: 'fixedbufs',
    bit: UB.FEATURE_FIXEDBUFS,
    help: 'registered buffers (READ_FIXED, WRITE_FIXED): no mapping of pages per direct I/O',
    since: '5.1',
    excludes: ['vectored'],
  },
  {
    name: 'registerring',
    bit: UB.FEATURE_REGISTERRING,
    help: "the ring's own descriptor registered: no look-up per io_uring_enter",
    since: '5.18',
  },
  {
    name: 'coop_taskrun',
    bit: UB.FEATURE_COOP_TASKRUN,
    help: 'completions wait for the next system call instead of interrupting the thread',
    since: '5.19',
    excludes: ['sqpoll'],
  },
  {
    name: 'single_issuer',
    bit: UB.FEATURE_SINGLE_ISSUER,
    help: 'promises that one thread submits',
    since: '6.0',
  },
  {
    name: 'defer_taskrun',
    bit: UB.FEATURE_DEFER_TASKRUN,
    help: 'completion work runs only while the thread waits for completions',
    since: '6.1',
    needs: ['single_issuer'],
    excludes: ['sqpoll'],
  },
  {
    name: 'no_sqarray',
    bit: UB.FEATURE_NO_SQARRAY,
    help: 'sqes are taken in ring order, without the index array',
    since: '6.6',
  },
  {
    name: 'vectored',
    bit: UB.FEATURE_VECTORED,
    help: 'IORING_OP_READV/WRITEV with one iovec instead of READ/WRITE',
    since: '5.1',
    excludes: ['passthrough'],
  },
  {
    name: 'iopoll',
    bit: UB.FEATURE_IOPOLL,
    help: 'completions are polled for, no interrupt; the device needs poll queues',
    since: '5.1',
    requires: direct,
    refused: 'the device has no poll queues (its queue/io_poll is 0)',
  },
  {
    name: 'hybrid_iopoll',
    bit: UB.FEATURE_HYBRID_IOPOLL,
    help: 'iopoll that sleeps for a part of the expected time first',
    since: '6.13',
    needs: ['iopoll'],
  },
  {
    name: 'sqpoll',
    bit: UB.FEATURE_SQPOLL,
    help: 'a kernel thread takes submissions, no system call (--sqthread-poll-cpu, --sqthread-poll-idle)',
    since: '5.1',
  },
  {
    name: 'force_async',
    bit: UB.FEATURE_FORCE_ASYNC,
    help: 'IOSQE_ASYNC: every I/O goes to an io-wq worker at once (--iowq-bounded, --iowq-unbounded)',
    since: '5.6',
    excludes: ['nowait', 'iopoll'],
  },
  {
    name: 'uncached',
    bit: UB.FEATURE_UNCACHED,
    help: 'RWF_DONTCACHE: buffered, but pages are dropped when done with',
    since: '6.14',
    requires: buffered,
    refused: 'the file system lacks it',
  },
  {
    name: 'nowait',
    bit: UB.FEATURE_NOWAIT,
    help: 'RWF_NOWAIT: an I/O that would block fails with EAGAIN, which is counted',
    since: '4.14',
  },
  {
    name: 'atomic',
    bit: UB.FEATURE_ATOMIC,
    help: 'RWF_ATOMIC: untorn writes, where file system and device can',
    since: '6.11',
    requires: directWrites,
    refused: 'the file system or device cannot write blocks untorn',
  },
  {
    name: 'linked',
    bit: UB.FEATURE_LINKED,
    help: '--pair as two linked sqes instead of one sent after the other',
    since: '5.3',
    requires: pairs,
  },
  {
    name: 'cqe_skip',
    bit: UB.FEATURE_CQE_SKIP,
    help: 'no completion for the first of a linked pair',
    since: '5.17',
    needs: ['linked'],
  },
  {
    name: 'no_mmap',
    bit: UB.FEATURE_NO_MMAP,
    help: "the rings lie in the program's memory",
    since: '6.5',
  },
  {
    name: 'big_rings',
    bit: UB.FEATURE_BIG_RINGS,
    help: '128-byte sqes and 32-byte cqes, as pass-through needs them',
    since: '5.19',
  },
  {
    name: 'passthrough',
    bit: UB.FEATURE_PASSTHROUGH,
    help: 'NVMe commands on /dev/ngXnY past the block layer (IORING_OP_URING_CMD)',
    since: '5.19',
    excludes: ['nowait', 'uncached', 'atomic', 'linked', 'vectored'],
    requires: charDevice,
  },
];
