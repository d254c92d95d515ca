import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { refusedHint } from '../errors.ts';
import { defineBackend } from './define.ts';
import { dsync } from './dsync.ts';

function proc(name: string): string {
  try {
    return readFileSync(`/proc/sys/fs/${name}`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

export const linuxAio = defineBackend('linux-aio', {
  aliases: { libaio: [] },
  meant: ['aio', 'kaio', 'native', 'async', 'io_submit'],
  summary: 'io_submit, later io_getevents; truly asynchronous with O_DIRECT only',
  features: {
    userspace_reap: {
      help: 'completions are taken from the mapped ring, io_getevents only when there are none',
      since: '2.6.37',
    },
    eventfd: {
      help: 'IOCB_FLAG_RESFD: completions are waited for by epoll on an eventfd',
      since: '2.6.22',
    },
    nowait: {
      help: 'RWF_NOWAIT: an I/O that would block fails with EAGAIN, which is counted',
      since: '4.14',
    },
    dsync,
  },
  presets: {},
  options: [],
  hint(errno, stage, workload) {
    if (!['io_setup', 'io_submit', 'io_getevents'].includes(stage)) return undefined;
    if (errno === constants.errno.EPERM || errno === constants.errno.EACCES) return refusedHint(errno, stage);
    if (stage !== 'io_setup') return undefined;
    if (errno === constants.errno.EAGAIN) {
      const need = workload.iodepth * workload.numjobs;
      return `fs.aio-max-nr=${proc('aio-max-nr')}, of which ${proc('aio-nr')} in use, is too low for iodepth x numjobs = ${need}: sysctl fs.aio-max-nr=1048576`;
    }
    if (errno === constants.errno.ENOSYS) return 'this kernel was built without CONFIG_AIO';
    return undefined;
  },
});
