/** The likely mend of an errno that ends a run: what the backend knows of it, else what holds for all. */
import { constants } from 'node:os';
import { refusedHint, systemHint } from '../errors.ts';
import type { Workload } from '../workload/workload.ts';
import type { Backend, Variant } from './backend.ts';
import { kernelLacks } from './kernel.ts';

/** Of a whole file that is not what was laid out (native/src/loop.c). */
export const CHECKSUM_STAGE = 'checksum';

/** Node has no name for it. */
const EOWNERDEAD = 130;
const { EOPNOTSUPP, EACCES, EPERM, EINVAL, EIO, EMFILE, ENODATA, ENOMEM, ENOSPC, ESTALE } = constants.errno;

function general(errno: number, stage: string, workload: Workload): string | undefined {
  const io = stage === 'read' || stage === 'write';
  if (errno === EINVAL && workload.charDevices && (io || stage === 'submit')) {
    return 'an NVMe generic device takes commands only: --backend io_uring+passthrough';
  }
  if (errno === EINVAL && workload.direct && (stage === 'open' || stage === 'wholefile' || io)) {
    return 'the file system refuses O_DIRECT like this: use --buffered, or a multiple of its block size as bs and offset';
  }
  if (stage === CHECKSUM_STAGE) {
    return 'somebody has changed the file meanwhile, or kernel, memory or disk give wrong data: see dmesg';
  }
  if (stage.endsWith('(getrusage)')) return refusedHint(errno, 'getrusage');
  if (stage === 'invalidate' && errno !== EACCES && errno !== EPERM) {
    return 'the cache cannot be dropped there: --invalidate=0 leaves it as it is';
  }
  switch (errno) {
    case EPERM:
      if ((stage === 'open' || stage === 'wholefile') && workload.noatime)
        return "noatime is for a file's owner, and for root";
      return 'it needs more rights: another user, or root';
    case EACCES:
      return 'it needs more rights: another user, or root';
    case EIO:
      return 'the device failed it: see dmesg; --continue-on-error=all counts such errors and goes on';
    case ENODATA: // a medium error (block/blk-core.c), and what the loop makes of a read of nothing
      return 'the medium is bad there: see dmesg, --continue-on-error=all counts such errors and goes on; or the file was truncated';
    case EMFILE:
      return 'too many open files: raise ulimit -n, or lower --nrfiles or --numjobs';
    case ENOMEM:
      return 'not enough memory: lower --iodepth, --bs or --numjobs';
    case ENOSPC:
      return 'the disk is full';
    case ESTALE:
      return stage === 'check identity'
        ? 'it was replaced since it was checked: nothing was read or written there'
        : undefined;
    case EOWNERDEAD:
      return 'it was killed alone, as seccomp profiles do: see dmesg or the journal';
    default:
      return systemHint(errno);
  }
}

/** What it says of a variant's features that I/O is not supported; undefined when it is not about them. */
export function refusedFeature({ features }: Variant, errno: number, stage: string): string | undefined {
  if (errno !== EOPNOTSUPP || (stage !== 'read' && stage !== 'write')) return undefined;
  const lacking = kernelLacks(features, errno);
  if (lacking) return lacking;
  const reasons = features.flatMap(({ name, refused }) => (refused ? [`${name}: ${refused}`] : []));
  return reasons.length > 0 ? reasons.join('; or ') : undefined;
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
