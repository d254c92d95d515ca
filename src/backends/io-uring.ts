import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { defineBackend } from './define.ts';
import { ioUringFeatures } from './io-uring-features.ts';
import { ioUringOptions } from './io-uring-options.ts';

const { EPERM, EACCES, ENOSYS, ENOMEM, EOPNOTSUPP } = constants.errno;

/** Linux 6.6 and later: 1 forbids it to processes without CAP_SYS_ADMIN outside io_uring_group, 2 to all. */
function disabled(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim();
  } catch {
    return undefined;
  }
}

function setupHint(errno: number): string | undefined {
  const switchedOff = disabled();
  if (errno === EPERM && switchedOff !== undefined && switchedOff !== '0') {
    return `kernel.io_uring_disabled=${switchedOff}: sysctl kernel.io_uring_disabled=0`;
  }
  if (errno === EPERM)
    return 'a seccomp filter refuses it, as containers do: allow io_uring_setup in its profile';
  if (errno === ENOSYS) return 'io_uring needs Linux 5.1 built with CONFIG_IO_URING';
  if (errno === ENOMEM)
    return 'RLIMIT_MEMLOCK is too low for the rings: ulimit -l unlimited, or a lower --iodepth';
  return undefined;
}

/** Stages that are calls on a ring, which no right of a user decides about. */
const CALLS = /^(io_uring_enter|io_uring_register|register (buffers|files|ring)|limit io-wq workers)$/;

export const ioUring = defineBackend('io_uring', {
  aliases: { 'io-uring': [], iouring: [], io_uring_cmd: ['passthrough'] },
  summary: 'submission and completion rings in memory shared with the kernel',
  features: ioUringFeatures,
  presets: { enhanced: ['registerfiles', 'fixedbufs'] },
  options: ioUringOptions,
  hint(errno, stage) {
    if (stage === 'io_uring_setup') return setupHint(errno);
    if (CALLS.test(stage) && [EPERM, EACCES, ENOSYS].includes(errno)) {
      const call = stage === 'io_uring_enter' ? stage : 'io_uring_register';
      return `a seccomp filter or a security module refuses ${call}: allow it in its profile`;
    }
    if (stage === 'register buffers' && errno === ENOMEM) {
      return 'iodepth x bs x numjobs is above RLIMIT_MEMLOCK: ulimit -l unlimited, or lower them';
    }
    if (errno === EOPNOTSUPP) return 'this kernel or device lacks it';
    return undefined;
  },
});
