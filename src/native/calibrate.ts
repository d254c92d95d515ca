/** How fast this machine's CPUs are now: measured beside each trial, so that results of other days can be told apart. */
import { UB } from './abi.ts';
import { library } from './library.ts';

/** Nanoseconds of things that take a CPU and nothing else. */
export interface CpuSpeed {
  /** Of a system call that does nothing: entry and exit, with what mitigations cost. */
  syscallNs: number;
  /** Of an I/O of the backend null: the loop itself, in user mode. */
  nullNs: number;
}

const PS_PER_NS = 1000;

/**
 * Measures for some 10 ms, on a thread of its own. Not while jobs of this process run.
 * @param cpus those that may be used; none: any that this process may use
 * @returns null where it can't be measured: no memory, or a CPU that is not there
 */
export function calibrateCpus(cpus: Iterable<number>): CpuSpeed | null {
  const bits = new BigUint64Array(UB.MAX_CPUS / 64);
  for (const cpu of cpus) {
    const word = Math.floor(cpu / 64);
    if (word < bits.length) bits[word] = (bits[word] ?? 0n) | (1n << BigInt(cpu % 64));
  }
  const ps = new BigUint64Array(UB.CALIBRATED);
  if (library().calibrate(bits, ps) < 0) return null;
  const ns = (at: number) => Number(ps[at]) / PS_PER_NS;
  return { syscallNs: ns(UB.CALIBRATED_SYSCALL), nullNs: ns(UB.CALIBRATED_NULL) };
}
