import { constants } from 'node:os';
import { defineBackend } from './define.ts';
import { callFeatures } from './sync.ts';

export const threadpool = defineBackend('threadpool', {
  aliases: {},
  meant: ['pool', 'threads', 'workers', 'offload', 'libuv'],
  summary: 'worker threads that make the calls of sync, a queue to them and futexes: as programs have it',
  features: {
    spin: {
      help: 'workers and job look again for 50 usec before they sleep',
      since: '2.6.22',
    },
    ...callFeatures,
  },
  presets: {},
  options: [
    {
      flag: 'pool-threads',
      kind: 'count',
      min: 1,
      max: 1024,
      group: 'backends',
      help: 'worker threads of each job',
      default: '4',
      backends: ['threadpool'],
      scope: 'workload',
      native: { field: 'pool_threads' },
    },
  ],
  hint(errno, stage, workload) {
    if (stage === 'start worker threads' && errno === constants.errno.EAGAIN) {
      const threads = Number(workload.nativeOptions['pool-threads']) * workload.numjobs;
      return `${threads} threads are more than this user or cgroup may have (ulimit -u, pids.max): lower --pool-threads or --numjobs`;
    }
    return undefined;
  },
});
