/** What this process may do: its limits, rights and filters, from /proc/self (proc_pid_status(5), proc_pid_limits(5)). */
import { type Host, readText, valueAt } from './host-files.ts';

/** Numbers of capabilities (linux/capability.h). */
export const CAPABILITY = { IPC_LOCK: 14, SYS_ADMIN: 21 } as const;

export interface ProcessStatus {
  /** 0 none, 1 strict, 2 a filter; null when the kernel does not say. */
  seccomp: number | null;
  /** Bits of the effective capabilities. */
  capabilities: bigint;
  /** CPUs that it may run on, as a list of ranges: "0-3,8". */
  cpusAllowed: string | null;
  /** Its effective group and the supplementary ones. */
  groups: readonly number[];
}

/** Rights of this process. */
export function processStatus(host: Host): ProcessStatus {
  const status = readText('/proc/self/status', host);
  const seccomp = valueAt(status, 'Seccomp');
  const mask = valueAt(status, 'CapEff');
  const numbers = (text: string | null) => (text ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [, effective] = numbers(valueAt(status, 'Gid'));
  return {
    seccomp: seccomp === null ? null : Number(seccomp),
    capabilities: mask !== null && /^[0-9a-f]+$/i.test(mask) ? BigInt(`0x${mask}`) : 0n,
    cpusAllowed: valueAt(status, 'Cpus_allowed_list'),
    groups: [...(effective === undefined ? [] : [effective]), ...numbers(valueAt(status, 'Groups'))],
  };
}

/** Whether it has a capability in the namespace that it lives in. */
export function isCapable({ capabilities }: ProcessStatus, capability: keyof typeof CAPABILITY): boolean {
  return (capabilities & (1n << BigInt(CAPABILITY[capability]))) !== 0n;
}

/** A soft limit by its name in /proc/self/limits, in its unit; null when there is none, or none is known. */
export function processLimit(name: string, host: Host): number | null {
  const line = readText('/proc/self/limits', host)
    ?.split('\n')
    .find((l) => l.startsWith(`${name} `));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  return soft !== undefined && /^\d+$/.test(soft) ? Number(soft) : null;
}
