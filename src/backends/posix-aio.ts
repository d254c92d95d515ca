import { constants } from 'node:os';
import { defineBackend } from './define.ts';

export const posixAio = defineBackend('posix-aio', {
  aliases: { posixaio: [] },
  meant: ['aio', 'posix', 'glibc', 'aio_read', 'async'],
  summary: "glibc's aio_read/aio_write/aio_suspend: a pool of threads that block in its place",
  features: {},
  presets: {},
  options: [
    {
      flag: 'aio-threads',
      kind: 'count',
      min: 1,
      max: 1024,
      group: 'backends',
      help: "threads of glibc's pool, shared by the jobs of a process",
      default: '20',
      backends: ['posix-aio'],
      scope: 'workload',
      native: { field: 'aio_threads' },
    },
  ],
  hint(errno, stage, workload) {
    if (stage === 'aio_init' && errno === constants.errno.EBUSY) {
      return `glibc sizes its pool once a process: use --isolation=process for --aio-threads=${workload.nativeOptions['aio-threads']}`;
    }
    return undefined;
  },
});
