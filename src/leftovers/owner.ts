/** Which process a run is, told apart from every other one, also on another boot, machine or in another container. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** '-' stands for what the kernel does not say here. */
export interface Owner {
  pid: number;
  /** Start of the process in clock ticks since boot (field 22 of /proc/PID/stat): numbers of processes come again. */
  start: string;
  /** /proc/sys/kernel/random/boot_id: the same in all containers of a kernel. */
  boot: string;
  /** A digest of machine-id(5), which is not to be shown to others. */
  machine: string;
  /** Inode of the pid namespace, in which alone the number of the process means something. */
  pidns: string;
}

const UNKNOWN = '-';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Start time of a process; null when there is none. The name in field 2 may hold anything, brackets too. */
function startOf(pid: number | 'self'): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return /^\d+$/.exec(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '')?.[0] ?? null;
}

function machineDigest(): string {
  const id = read('/etc/machine-id') || read('/var/lib/dbus/machine-id');
  if (id === '') return UNKNOWN;
  return createHash('sha256').update(`uring-bench ${id}`).digest('hex').slice(0, 16);
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

/** This process. */
export function thisProcess(): Owner {
  return {
    pid: process.pid,
    start: startOf('self') ?? UNKNOWN,
    boot: read('/proc/sys/kernel/random/boot_id') || UNKNOWN,
    machine: machineDigest(),
    pidns: pidNamespace(),
  };
}

/**
 * Whether an owner whose lock is free has ended for sure; else why not. A lock is seen by all processes of a kernel,
 * so on a file system of this machine alone it says everything. Others may be in use by a machine whose locks are not
 * seen here.
 * @param local whether the file system is this machine's alone
 */
export function whyNotDead(owner: Owner, here: Owner, local: boolean): string | null {
  const sameBoot = owner.boot === here.boot && owner.boot !== UNKNOWN;
  if (sameBoot) {
    const alive = owner.pidns === here.pidns && owner.start !== UNKNOWN && startOf(owner.pid) === owner.start;
    return alive ? `its run is at work (pid ${owner.pid})` : null;
  }
  const restarted = owner.machine === here.machine && owner.machine !== UNKNOWN;
  return restarted || local ? null : 'its run may be at work on another machine';
}
