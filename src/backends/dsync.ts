/** The feature of every backend whose writes carry RWF_ flags. */
import { operationsOf } from '../workload/operations.ts';
import type { FeatureWords } from './backend.ts';

export const dsync: FeatureWords = {
  help: 'RWF_DSYNC: each write is durable when it completes, as with O_DSYNC',
  since: '4.7',
  requires: {
    test: (w) => operationsOf(w.rw).some(({ name }) => name === 'write'),
    what: 'writes (--rw write, randwrite, rw or randrw)',
  },
};
