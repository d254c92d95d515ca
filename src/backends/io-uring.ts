import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { defineBackend } from './define.ts';
import { ioUringFeatures } from './io-uring-features.ts';
import { ioUringOptions } from './io-uring-options.ts';

const { EPERM, ENOSYS, ENOMEM, EINVAL, EOPNOTSUPP } = constants.errno;

/** Linux 6.6 and later: 1 forbids it to processes without CAP_SYS_ADMIN outside io_uring_group, 2 to all. */
function disabled(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim();
  } catch {
    return undefined;
  }
}

function setupHint(errno: number, iodepth: number): string | undefined {
  const switchedOff = disabled();
  if (errno === EPERM && switchedOff !== undefined && switchedOff !== '0') {
    return `kernel.io_uring_disabled=${switchedOff}: sysctl kernel.io_uring_disabled=0`;
  }
  if (errno === EPERM)
    return 'a seccomp filter refuses it, as containers do: allow io_uring_setup in its profile';
  if (errno === ENOSYS) return 'io_uring needs Linux 5.1 built with CONFIG_IO_URING';
  if (errno === EINVAL)
    return `iodepth=${iodepth}: io_uring takes at most 32768 entries; or a feature is too new for this kernel`;
  if (errno === ENOMEM)
    return 'RLIMIT_MEMLOCK is too low for the rings: ulimit -l unlimited, or a lower --iodepth';
  return undefined;
}

export const ioUring = defineBackend('io_uring', {
  aliases: { 'io-uring': [], iouring: [], io_uring_cmd: ['passthrough'] },
  summary: 'submission and completion rings in memory shared with the kernel',
  features: ioUringFeatures,
  presets: { enhanced: ['registerfiles', 'fixedbufs'] },
  options: ioUringOptions,
  hint(errno, stage, workload) {
    if (stage === 'io_uring_setup') return setupHint(errno, workload.iodepth);
    if (stage === 'register buffers' && errno === ENOMEM) {
      return 'iodepth x bs x numjobs is above RLIMIT_MEMLOCK: ulimit -l unlimited, or lower them';
    }
    if (errno === EOPNOTSUPP) return 'this kernel or device lacks it';
    return undefined;
  },
});
