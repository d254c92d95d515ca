/** The likely mend of an errno that ends a run: what the backend knows of it, else what holds for all. */
import { constants } from 'node:os';
import type { Workload } from '../jobs/job.ts';
import type { Backend } from './registry.ts';

const { EACCES, EPERM, EINVAL, EIO, EMFILE, ENFILE, ENODATA, ENOMEM, ENOSPC, EROFS } = constants.errno;

function general(errno: number, stage: string, workload: Workload): string | undefined {
  if (errno === EINVAL && workload.direct && (stage === 'open' || stage === 'read' || stage === 'write')) {
    return 'the file system refuses O_DIRECT like this: use --buffered, or a multiple of its block size as bs and offset';
  }
  switch (errno) {
    case EACCES:
    case EPERM:
      return 'it needs more rights: another user, or root';
    case EIO:
      return 'the device failed it: see dmesg; --continue-on-error=all counts such errors and goes on';
    case ENODATA:
      return 'the file ended before its expected size: was it truncated?';
    case EMFILE:
    case ENFILE:
      return 'too many open files: raise ulimit -n, or lower --nrfiles or --numjobs';
    case ENOMEM:
      return 'not enough memory: lower --iodepth, --bs or --numjobs';
    case ENOSPC:
      return 'the disk is full';
    case EROFS:
      return 'the file system is mounted read-only';
    default:
      return undefined;
  }
}

/** A short sentence without a full stop; undefined when there is nothing to say. */
export function failureHint(
  backend: Backend,
  errno: number,
  stage: string,
  workload: Workload,
): string | undefined {
  return backend.hint?.(errno, stage, workload) ?? general(errno, stage, workload);
}
