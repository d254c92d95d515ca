import { UB } from '../native/abi.ts';
import { isOnly } from '../workload/operations.ts';
import type { Backend } from './backend.ts';

export const sync: Backend = {
  name: 'sync',
  aliases: { psync: [], pvsync2: ['vectored'] },
  summary: 'pread/pwrite: the thread sleeps in the call until the data is there',
  id: UB.BACKEND_SYNC,
  features: [
    { name: 'vectored', bit: UB.FEATURE_VECTORED, help: 'preadv2/pwritev2 with one iovec', since: '4.6' },
    {
      name: 'hipri',
      bit: UB.FEATURE_HIPRI,
      help: 'RWF_HIPRI: the thread polls for completion; Linux 5.19 and later ignore it',
      since: '4.6',
      requires: { test: (w) => w.direct, what: 'direct I/O (leave out --buffered)' },
    },
    {
      name: 'nowait',
      bit: UB.FEATURE_NOWAIT,
      help: 'RWF_NOWAIT: an I/O that would block fails with EAGAIN, which is counted',
      since: '4.14',
    },
    {
      name: 'uncached',
      bit: UB.FEATURE_UNCACHED,
      help: 'RWF_DONTCACHE: buffered, but pages are dropped when done with',
      since: '6.14',
      requires: { test: (w) => !w.direct, what: 'buffered I/O (--buffered)' },
      refused: 'the file system lacks it',
    },
    {
      name: 'atomic',
      bit: UB.FEATURE_ATOMIC,
      help: 'RWF_ATOMIC: untorn writes, where file system and device can',
      since: '6.11',
      requires: {
        test: (w) => w.direct && isOnly(w.rw, 'write'),
        what: 'direct writes (--rw write or randwrite)',
      },
      refused: 'the file system or device cannot write blocks untorn',
    },
  ],
  presets: {},
  async: false,
  hasSlat: false,
  ops: ['read', 'write', 'trim'],
  syscallsExact: true,
};
