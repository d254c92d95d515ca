import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { refusedHint } from '../errors.ts';
import type { Workload } from '../workload/workload.ts';
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

/** Whether a seccomp filter is in force; one answers by ENOSYS as well as by EPERM (Podman's, as if there was no such call). */
function filtered(): boolean {
  try {
    return /^Seccomp:\s+[12]$/m.test(readFileSync('/proc/self/status', 'utf8'));
  } catch {
    return false;
  }
}

const PROFILE =
  'a seccomp filter refuses it, as containers do: docker run --security-opt seccomp=unconfined, or a profile with io_uring_setup, io_uring_enter and io_uring_register (docs/CONTAINERS.md)';

function setupHint(errno: number): string | undefined {
  const switchedOff = disabled();
  if (errno === EPERM && switchedOff !== undefined && switchedOff !== '0') {
    return `kernel.io_uring_disabled=${switchedOff}: sysctl kernel.io_uring_disabled=0`;
  }
  // The switch shows that this kernel has io_uring (6.6).
  if (errno === EPERM || (errno === ENOSYS && switchedOff !== undefined && filtered())) return PROFILE;
  if (errno === ENOSYS && filtered()) return `${PROFILE}; or the kernel is older than 5.1 or has none`;
  if (errno === ENOSYS) return 'io_uring needs Linux 5.1 built with CONFIG_IO_URING';
  if (errno === ENOMEM)
    return 'RLIMIT_MEMLOCK is too low for the rings: ulimit -l unlimited, or a lower --iodepth';
  return undefined;
}

const HUGE_PAGE = 2 * 2 ** 20;

/** How many huge pages it takes: each job has its buffers in some, and its rings in others. */
function hugePagesHint({ bs, iodepth, numjobs }: Workload): string {
  const buffers = Math.ceil((Math.max(bs.read, bs.write, 512) * iodepth) / HUGE_PAGE);
  const rings = Math.ceil((iodepth * 256 + 8192) / HUGE_PAGE);
  const pages = numjobs * (buffers + rings);
  return `so many huge pages of 2 MiB are not free: sudo sysctl vm.nr_hugepages=${pages}`;
}

/** Stages that are calls on a ring, which no right of a user decides about. */
const CALLS =
  /^(io_uring_enter|io_uring_register|(register|clone) (buffers|files|ring|waits)|enable ring|limit io-wq workers)$/;

export const ioUring = defineBackend('io_uring', {
  aliases: { 'io-uring': [], iouring: [], io_uring_cmd: ['passthrough'] },
  meant: ['uring', 'iou', 'ring', 'liburing', 'async'],
  summary: 'submission and completion rings in memory shared with the kernel',
  features: ioUringFeatures,
  presets: { enhanced: ['registerfiles', 'fixedbufs'] },
  options: ioUringOptions,
  hint(errno, stage, workload) {
    if (stage === 'io_uring_setup') return setupHint(errno);
    if (stage === 'map the rings' && errno !== ENOSYS) return refusedHint(errno, 'mmap');
    if (CALLS.test(stage) && [EPERM, EACCES, ENOSYS].includes(errno)) {
      const call = stage === 'io_uring_enter' ? stage : 'io_uring_register';
      return refusedHint(errno, call);
    }
    if (stage === 'map huge pages' && errno === ENOMEM) return hugePagesHint(workload);
    if (stage === 'register buffers' && errno === ENOMEM) {
      return 'iodepth x bs x numjobs is above RLIMIT_MEMLOCK: ulimit -l unlimited, or lower them';
    }
    if (stage === 'IORING_FEAT_LINKED_FILE') {
      return 'a linked read of what was opened before it in the chain needs Linux 5.18';
    }
    if (errno === EOPNOTSUPP) return 'this kernel or device lacks it';
    return undefined;
  },
});
