/** --pair: operations that follow each other as one I/O; its steps are in native/src/chain.c. */
import { UB } from '../native/abi.ts';
import type { OwnOption } from './backend.ts';

export const pairOption = {
  flag: 'pair',
  kind: 'choice',
  values: { none: [], 'write-fdatasync': [], 'read-write': [], 'double-write': ['doublewrite'] },
  group: 'backends',
  metavar: 'WHAT',
  help: 'operations as one I/O, each when the one before it is done',
  default: 'none',
  backends: ['sync', 'threadpool', 'io_uring'],
  scope: 'workload',
  native: {
    field: 'pair',
    words: {
      none: UB.PAIR_NONE,
      'write-fdatasync': UB.PAIR_WRITE_FDATASYNC,
      'read-write': UB.PAIR_READ_WRITE,
      'double-write': UB.PAIR_DOUBLE_WRITE,
    },
  },
} as const satisfies OwnOption;
