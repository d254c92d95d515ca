/** A drive's own commands: log pages, and forgetting what was written. */
import { BenchError, systemWords } from '../errors.ts';
import { UB } from './abi.ts';
import { library } from './library.ts';

const PURGES = {
  discard: UB.PURGE_DISCARD,
  'secure-discard': UB.PURGE_SECURE,
  format: UB.PURGE_FORMAT,
} as const;

/** EREMOTEIO of Linux: the drive answered with a status of its own. */
const REFUSED = 121;
/** EINVAL, ENOTTY: what other block devices say to a command of NVMe's. */
const NO_NVME: readonly number[] = [22, 25];

function words(errno: number, status: number): string {
  return errno === REFUSED ? `the drive refuses, status 0x${status.toString(16)}` : systemWords(errno);
}

/** A log page of an NVMe drive. @returns why there is none, in words, in place of its bytes */
export function nvmeLog(path: string, page: number, bytes: number): Buffer | string {
  const to = Buffer.alloc(bytes);
  const status = new Uint32Array(1);
  const result = library().nvmeLog(path, page, to, bytes, status);
  if (result === 0) return to;
  return NO_NVME.includes(-result) ? 'it is no NVMe drive' : words(-result, status[0] ?? 0);
}

/** Everything on a device goes. @throws BenchError (failed) */
export function purgeDevice(path: string, how: keyof typeof PURGES): void {
  const status = new Uint32Array(1);
  const result = library().purge(path, PURGES[how], status);
  if (result === 0) return;
  throw new BenchError(`cannot purge ${path} by ${how}: ${words(-result, status[0] ?? 0)}`, {
    kind: 'failed',
    errno: -result,
    stage: 'purge',
    hint: 'another --purge, or none: then say so where you show the figures',
  });
}
