/** The CPUs of this machine, and the check of --cpus-allowed against them. */
import { readFileSync } from 'node:fs';
import { BenchError, isSystemError, systemHint, systemReason, usageError } from '../errors.ts';
import { formatCpus, parseCpus } from '../values/units.ts';

/** What resolve needs to know of the machine. */
export interface Machine {
  /** CPUs that are online. */
  cpusOnline: readonly number[];
  /** CPUs that this process may run on: its own affinity, a container's cpuset. */
  cpusAllowed: readonly number[];
}

/** A file that tells of the machine, and of what is mounted on its devices: without these nothing may be written. */
function needed(path: string, mount: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new BenchError(`cannot read ${path}: ${systemReason(error)}`, {
      kind: 'failed',
      errno: Math.abs(error.errno),
      stage: 'read machine',
      hint: systemHint(Math.abs(error.errno)) ?? `a run needs /proc and /sys: ${mount}`,
    });
  }
}

/**
 * Machine facts from /sys/devices/system/cpu/online and /proc/self/status.
 * @throws BenchError (failed) without /sys or /proc
 */
export function readMachine(): Machine {
  const status = needed('/proc/self/status', 'mount -t proc proc /proc');
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '';
  const online = needed('/sys/devices/system/cpu/online', 'mount -t sysfs sysfs /sys').trim();
  const most = Number.MAX_SAFE_INTEGER;
  const cpusOnline = parseCpus('/sys/devices/system/cpu/online', online, most);
  return {
    cpusOnline,
    cpusAllowed: allowed === '' ? cpusOnline : parseCpus('Cpus_allowed_list', allowed, most),
  };
}

function plural(cpus: readonly number[]): string {
  return `CPU${cpus.length === 1 ? '' : 's'} ${formatCpus(cpus)}`;
}

/** @throws BenchError (usage) naming the CPUs that are missing and those that exist. */
export function checkCpus(cpus: readonly number[], machine: Machine, flag = 'cpus-allowed'): void {
  const option = `${flag}=${formatCpus(cpus)}`;
  const absent = cpus.filter((cpu) => !machine.cpusOnline.includes(cpu));
  if (absent.length > 0) {
    const verb = absent.length === 1 ? 'does not exist or is' : 'do not exist or are';
    throw usageError(
      `${option}: ${plural(absent)} ${verb} offline`,
      `online here: ${formatCpus(machine.cpusOnline)}`,
    );
  }
  const denied = cpus.filter((cpu) => !machine.cpusAllowed.includes(cpu));
  if (denied.length > 0) {
    throw usageError(
      `${option}: this process may not use ${plural(denied)}`,
      `its affinity allows: ${formatCpus(machine.cpusAllowed)}`,
    );
  }
}
