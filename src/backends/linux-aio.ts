import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { UB } from '../native/abi.ts';
import type { Backend } from './registry.ts';

function proc(name: string): string {
  try {
    return readFileSync(`/proc/sys/fs/${name}`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

export const linuxAio: Backend = {
  name: 'linux-aio',
  aliases: { libaio: [] },
  summary: 'io_submit, later io_getevents; truly asynchronous with O_DIRECT only',
  id: UB.BACKEND_LINUX_AIO,
  features: [],
  presets: {},
  async: true,
  hasSlat: true,
  ops: ['read', 'write'],
  syscallsExact: true,
  hint(errno, stage, workload) {
    if (stage !== 'io_setup') return undefined;
    if (errno === constants.errno.EAGAIN) {
      const need = workload.iodepth * workload.numjobs;
      return `fs.aio-max-nr=${proc('aio-max-nr')}, of which ${proc('aio-nr')} in use, is too low for iodepth x numjobs = ${need}: sysctl fs.aio-max-nr=1048576`;
    }
    if (errno === constants.errno.ENOSYS) return 'this kernel was built without CONFIG_AIO';
    return undefined;
  },
};
