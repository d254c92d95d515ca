import { isOnly } from '../workload/operations.ts';
import type { FeatureWords } from './backend.ts';
import { defineBackend } from './define.ts';
import { dsync } from './dsync.ts';
import { pairOption } from './pair-option.ts';

/** What is no more than a flag or another form of the plain calls; threadpool's workers make these, too. */
export const callFeatures = {
  vectored: { help: 'preadv2/pwritev2 with one iovec', since: '4.6' },
  hipri: {
    help: 'RWF_HIPRI: the thread polls for completion; Linux 5.19 and later ignore it',
    since: '4.6',
    requires: { test: (w) => w.direct, what: 'direct I/O (leave out --buffered)' },
  },
  nowait: {
    help: 'RWF_NOWAIT: an I/O that would block fails with EAGAIN, which is counted',
    since: '4.14',
  },
  uncached: {
    help: 'RWF_DONTCACHE: buffered, but pages are dropped when done with',
    since: '6.14',
    requires: { test: (w) => !w.direct, what: 'buffered I/O (--buffered)' },
    refused: 'the file system lacks it',
  },
  atomic: {
    help: 'RWF_ATOMIC: untorn writes, where file system and device can',
    since: '6.11',
    requires: {
      test: (w) => w.direct && isOnly(w.rw, 'write'),
      what: 'direct writes (--rw write or randwrite)',
    },
    refused: 'the file system or device cannot write blocks untorn',
  },
  dsync,
} as const satisfies Readonly<Record<string, FeatureWords>>;

export const sync = defineBackend('sync', {
  aliases: { psync: [], pvsync2: ['vectored'] },
  meant: ['pread', 'pwrite', 'read', 'write', 'preadv', 'pvsync', 'blocking', 'synchronous'],
  summary: 'pread/pwrite: the thread sleeps in the call until the data is there',
  features: callFeatures,
  presets: {},
  options: [pairOption],
});
