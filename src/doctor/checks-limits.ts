/** Limits of this process and of the system that a run may meet. */
import { systemError } from '../errors.ts';
import { readCount, readLine } from '../host/host-files.ts';
import { isCapable, processLimit } from '../host/process.ts';
import { formatBytes, formatCount } from '../values/format.ts';
import { type Found, type MachineCheck, missing, ok, warning } from './check.ts';
import type { Seen } from './seen.ts';

/** What registered buffers may lock: 256 I/Os of 128 KiB, the deep end of usual sweeps. */
const MEMLOCK_BYTES = 32 * 2 ** 20;
/** I/Os of linux-aio that should be free: 64 jobs of 256. */
const AIO_FREE = 16_384;
/** Files of a run with hundreds of jobs. */
const OPEN_FILES = 1024;
/** Of all files of the system. */
const FILES_FULL = 0.9;

/** Registered buffers are locked, and counted for the user over all processes (io_uring_register(2)). */
function memlock({ host, process, bufferBytes }: Seen): Found {
  if (isCapable(process, 'IPC_LOCK'))
    return ok('no limit for this process (CAP_IPC_LOCK): any registered buffers fit');
  const bytes = processLimit('Max locked memory', host);
  if (bytes === null) return ok('unlimited: any registered buffers fit');
  const fits = `${formatBytes(bytes)}: room for ${formatCount(bytes / 4096)} registered buffers of 4 KiB`;
  const need = bufferBytes ?? MEMLOCK_BYTES;
  if (bytes >= need) return ok(fits);
  const what = bufferBytes === null ? 'iodepth 256 of 128 KiB' : 'the buffers of this run';
  return warning(
    `${fits}; +fixedbufs with ${what} needs ${formatBytes(need)}`,
    'ulimit -l unlimited, as root or with memlock in /etc/security/limits.conf',
  );
}

function aio({ host, aio: refusal }: Seen): Found | null {
  const most = readCount('/proc/sys/fs/aio-max-nr', host);
  const used = readCount('/proc/sys/fs/aio-nr', host) ?? 0;
  if (refusal !== null && most === null) {
    return missing(
      `linux-aio is not there (${systemError(refusal.errno).code}): the kernel was built without CONFIG_AIO`,
    );
  }
  if (most === null) return null;
  const mend = 'sudo sysctl fs.aio-max-nr=1048576';
  const said = `fs.aio-max-nr=${most}, ${used} in use`;
  if (refusal !== null) return missing(`io_setup fails (${systemError(refusal.errno).code}): ${said}`, mend);
  if (most - used >= AIO_FREE) return ok(`${said}: linux-aio has room`);
  return warning(`${said}: jobs with more than ${most - used} I/Os in all will not start`, mend);
}

function files({ host }: Seen): Found | null {
  const soft = processLimit('Max open files', host);
  const [used, , most] = readLine('/proc/sys/fs/file-nr', host)?.split(/\s+/).map(Number) ?? [];
  if (used !== undefined && most && used > most * FILES_FULL) {
    const text = `${formatCount(used)} of ${formatCount(most)} files of the system are open: opening more will fail`;
    return warning(text, `sudo sysctl fs.file-max=${most * 2}`);
  }
  if (soft === null) return null;
  const said = `${formatCount(soft)} descriptors for this process`;
  if (soft >= OPEN_FILES) return ok(`${said}${most ? `, ${formatCount(most)} files for the system` : ''}`);
  return warning(`${said}: numjobs x nrfiles may not exceed them`, 'ulimit -n 65536');
}

export const limitChecks: readonly MachineCheck[] = [
  { id: 'memlock', group: 'limits', title: 'locked memory', look: memlock },
  { id: 'aio-max-nr', group: 'limits', title: 'linux-aio', look: aio },
  { id: 'file-max', group: 'limits', title: 'open files', look: files },
];
