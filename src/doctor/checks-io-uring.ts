/** Whether io_uring works here, what keeps it from it, and what of it there is. */
import { constants } from 'node:os';
import { olderThan } from '../backends/kernel.ts';
import { systemError } from '../errors.ts';
import { readCount, readText } from '../host/host-files.ts';
import { isCapable } from '../host/process.ts';
import { plural } from '../values/format.ts';
import { type Found, type MachineCheck, missing, ok, warning } from './check.ts';
import {
  bitIn,
  type Named,
  split,
  uringFeatures,
  uringOperations,
  uringSetupFlags,
} from './io-uring-names.ts';
import type { Seen } from './seen.ts';

const { EPERM, EACCES, ENOSYS, ENOMEM, EMFILE, ENFILE } = constants.errno;

/** The first kernel with io_uring. */
const FIRST = '5.1';
const SYSCTL = 'sudo sysctl kernel.io_uring_disabled=0';
const UNCONFINED =
  'docker run --security-opt seccomp=unconfined ..., or a profile with io_uring_setup, io_uring_enter and io_uring_register';

/** kernel.io_uring_disabled and what it means for this process; null when the kernel has no such switch (before 6.6). */
function disabled({ host, process }: Seen): { level: number; group: number | null; forbids: boolean } | null {
  const level = readCount('/proc/sys/kernel/io_uring_disabled', host);
  if (level === null) return null;
  const group = readCount('/proc/sys/kernel/io_uring_group', host);
  const allowed = isCapable(process, 'SYS_ADMIN') || (group !== null && process.groups.includes(group));
  return { level, group, forbids: level >= 2 || (level === 1 && !allowed) };
}

function filtered({ process }: Seen): boolean {
  return process.seccomp !== null && process.seccomp > 0;
}

/** Whether this kernel was built with io_uring, as far as it shows: its switch (6.6), else its functions' names. */
function builtIn({ host }: Seen): boolean {
  return (
    readCount('/proc/sys/kernel/io_uring_disabled', host) !== null ||
    (readText('/proc/kallsyms', host)?.includes(' io_submit_sqes') ?? false)
  );
}

function whyNoSystemCall(seen: Seen): Found {
  const none = 'io_uring_setup does not exist here (ENOSYS)';
  if (olderThan(seen.kernel, FIRST)) {
    return missing(`${none}: Linux ${seen.kernel} has no io_uring`, `boot Linux ${FIRST} or newer`);
  }
  if (filtered(seen) && builtIn(seen)) {
    return missing(`${none}: the kernel has it, the seccomp filter of this process hides it`, UNCONFINED);
  }
  if (filtered(seen)) {
    const either =
      'the seccomp filter of this process hides it, or the kernel was built without CONFIG_IO_URING';
    return missing(`${none}: ${either}`, UNCONFINED);
  }
  return missing(
    `${none}: the kernel was built without CONFIG_IO_URING`,
    'boot a kernel with CONFIG_IO_URING=y',
  );
}

function whyForbidden(seen: Seen, said: string): Found {
  const by = disabled(seen);
  if (by?.forbids) {
    const whom = by.level >= 2 ? 'to everybody' : 'to all but root and the group kernel.io_uring_group';
    return missing(`kernel.io_uring_disabled=${by.level} forbids it ${whom} (${said})`, SYSCTL);
  }
  if (filtered(seen)) {
    return missing(`the seccomp filter of this process refuses it (${said})`, UNCONFINED);
  }
  return missing(
    `a security module refuses it (${said}); kernel.io_uring_disabled and seccomp do not`,
    "sudo ausearch -m avc -ts recent, and allow the domain io_uring's permissions",
  );
}

/** Why io_uring does not work, told apart by errno and by what this process may do. */
function refusalFound(seen: Seen): Found | null {
  const { refusal } = seen.ioUring;
  if (refusal === null) return null;
  const { errno, stage } = refusal;
  const said = `${stage}: ${systemError(errno).code}`;
  switch (errno) {
    case ENOSYS:
      return whyNoSystemCall(seen);
    case EPERM:
    case EACCES:
      return whyForbidden(seen, said);
    case ENOMEM:
      return missing(
        `its rings do not fit RLIMIT_MEMLOCK (${said}; kernels before 5.12)`,
        'ulimit -l unlimited',
      );
    case EMFILE:
    case ENFILE:
      return missing(`there is no descriptor left for it (${said})`, 'ulimit -n 1048576');
    default:
      return missing(`it does not work: ${said}`);
  }
}

function setup(seen: Seen): Found {
  return refusalFound(seen) ?? ok('works: a ring was made and asked');
}

function switchOff(seen: Seen): Found | null {
  const by = disabled(seen);
  if (by === null) return null;
  const { level, group, forbids } = by;
  const said = `kernel.io_uring_disabled=${level}`;
  if (forbids && level >= 2) return missing(`${said}: no process may make a ring`, SYSCTL);
  if (forbids) {
    const which =
      group === null ? 'no group is named in kernel.io_uring_group' : `this user is not in group ${group}`;
    return missing(`${said}: only root and one group may, and ${which}`, SYSCTL);
  }
  return ok(level === 0 ? `${said}: everybody may use it` : `${said}: this user may use it, others may not`);
}

function seccomp(seen: Seen): Found | null {
  const { process } = seen;
  if (process.seccomp === null) return null;
  if (process.seccomp === 0) return ok('no filter: system calls reach the kernel as they are');
  if (seen.ioUring.refusal === null)
    return ok(`a filter is in force (Seccomp: ${process.seccomp}), and lets io_uring through`);
  return warning(
    `a filter is in force (Seccomp: ${process.seccomp}): what it refuses looks like a kernel that lacks it`,
    UNCONFINED,
  );
}

function listed(named: readonly Named[]): string {
  return named.map(([name, version]) => `${name} (${version})`).join(', ');
}

/** What is there of a list; what a kernel of this version should have and has not is a warning. */
function census(seen: Seen, what: string, all: readonly Named[], has: (index: number) => boolean): Found {
  const { there, not } = split(all, has);
  const odd = not.filter(([, since]) => !olderThan(seen.kernel, since));
  const counted = `${there.length} of ${plural(all.length, what)}`;
  if (odd.length > 0) {
    const text = `${counted}: this kernel lacks ${listed(odd)}, which its version brought: it was taken out, or is filtered`;
    return warning(text);
  }
  return ok(
    not.length === 0 ? `${counted}: all that are known` : `${counted}; newer kernels have ${listed(not)}`,
  );
}

function whenThere(look: (seen: Seen) => Found): MachineCheck['look'] {
  return (seen) => (seen.ioUring.features === 0n ? null : look(seen));
}

function flags(seen: Seen): Found {
  const { setupFlags: known, refusedFlags, queried } = seen.ioUring;
  const refused = split(uringSetupFlags, bitIn(refusedFlags)).there;
  if (refused.length > 0) {
    return warning(
      `the kernel refuses ${listed(refused)} to this user`,
      olderThan(seen.kernel, '5.11')
        ? 'sudo uring-bench ... (IORING_SETUP_SQPOLL needs root before Linux 5.11)'
        : 'sudo uring-bench ...',
    );
  }
  const found = census(seen, 'set-up flag', uringSetupFlags, bitIn(known));
  return { ...found, text: `${found.text} (${queried ? 'the kernel said so' : 'each was tried'})` };
}

export const ioUringChecks: readonly MachineCheck[] = [
  { id: 'io-uring', group: 'io_uring', title: 'io_uring_setup', look: setup },
  { id: 'io-uring-disabled', group: 'io_uring', title: 'switch', look: switchOff },
  { id: 'seccomp', group: 'io_uring', title: 'seccomp', look: seccomp },
  {
    id: 'io-uring-features',
    group: 'io_uring',
    title: 'features',
    look: whenThere((seen) => census(seen, 'feature', uringFeatures, bitIn(seen.ioUring.features))),
  },
  { id: 'io-uring-flags', group: 'io_uring', title: 'set-up flags', look: whenThere(flags) },
  {
    id: 'io-uring-operations',
    group: 'io_uring',
    title: 'operations',
    look: (seen) =>
      seen.ioUring.operations.size === 0
        ? null
        : census(seen, 'operation', uringOperations, (op) => seen.ioUring.operations.has(op)),
  },
];
