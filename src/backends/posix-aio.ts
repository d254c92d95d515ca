import { constants } from 'node:os';
import { UB } from '../native/abi.ts';
import type { Backend } from './backend.ts';

export const posixAio: Backend = {
  name: 'posix-aio',
  aliases: { posixaio: [] },
  summary: "glibc's aio_read/aio_write/aio_suspend: a pool of threads that block in its place",
  id: UB.BACKEND_POSIX_AIO,
  features: [],
  presets: {},
  async: true,
  hasSlat: true,
  ops: ['read', 'write'],
  syscallsExact: false,
  hint(errno, stage, workload) {
    if (stage === 'aio_init' && errno === constants.errno.EBUSY) {
      return `glibc sizes its pool once a process: use --isolation=process for --aio-threads=${workload.aioThreads}`;
    }
    return undefined;
  },
};
