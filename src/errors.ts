import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** Exit codes of the command; they are part of its interface (README, docs/OPTIONS.md). */
export const EXIT = {
  ok: 0,
  /** A comparison found a regression. */
  regression: 1,
  /** The command line or a job file is wrong; nothing was created or changed. */
  usage: 2,
  /** A run failed. */
  failed: 3,
  /** A backend that was asked for is unavailable here. */
  unavailable: 4,
  /** A comparison could not decide whether there is a regression. */
  undecided: 5,
  sighup: 129,
  sigint: 130,
  sigquit: 131,
  sigterm: 143,
} as const;

export type ErrorKind = 'usage' | 'failed' | 'unavailable';

export interface BenchErrorDetails {
  /** Which exit code this becomes. */
  kind: ErrorKind;
  /** errno as a positive number, when the kernel said no. */
  errno?: number;
  /** What was being done: "open", "io_uring_setup", "register buffers". */
  stage?: string;
  /** The likely mend, a short sentence without a full stop. */
  hint?: string;
}

/**
 * An error that is the user's to mend. Its message says what failed and on what; printed as one line
 * `uring-bench: MESSAGE (HINT)`. Anything else that is thrown is a bug and is shown with its stack.
 */
export class BenchError extends Error {
  readonly kind: ErrorKind;
  readonly errno: number | undefined;
  readonly stage: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, details: BenchErrorDetails) {
    super(message);
    this.name = 'BenchError';
    this.kind = details.kind;
    this.errno = details.errno;
    this.stage = details.stage;
    this.hint = details.hint;
  }
}

/** A usage error: exit code 2. */
export function usageError(message: string, hint?: string): BenchError {
  return new BenchError(message, hint === undefined ? { kind: 'usage' } : { kind: 'usage', hint });
}

/** Whether an error came from a system call (it has an errno code), not from a bug. */
export function isSystemError(
  error: unknown,
): error is NodeJS.ErrnoException & { code: string; errno: number } {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** The error of a system call that native code made, as Node throws its own. @param errno positive */
export function systemFailure(errno: number, syscall: string): NodeJS.ErrnoException {
  const { code, text } = systemError(errno);
  return Object.assign(new Error(`${code}: ${text}, ${syscall}`), { errno: -errno, code, syscall });
}

/** Does something that may fail when there is nothing better to do then: it takes back what failed already. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** What we made and could not remove, and why not. */
const left = new Map<string, string>();

/**
 * Removes something that we made; that it is gone already is as good. It is tried once more, as after an interrupted
 * call. What stays is said when the command ends (leftBehind): there is an error or a report to be told before that.
 * @param action removes what is at the path
 */
export function takeBack(path: string, action: () => void): void {
  for (let tries = 1; ; tries++) {
    try {
      action();
      return;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ENOENT') return;
      if (tries < 2) continue;
      left.set(path, systemReason(error));
      return;
    }
  }
}

/** What takeBack could not remove, a line each for people. */
export function leftBehind(): string[] {
  return [...left].map(([path, why]) => `warning: could not remove ${path}: ${why}; remove it by hand`);
}

/** Errors that disks and quotas give and libuv has no name for (Linux: asm-generic/errno.h), in the words of strerror(3). */
const UNNAMED: Readonly<Record<number, readonly [code: string, text: string]>> = {
  52: ['EBADE', 'invalid exchange'],
  53: ['EBADR', 'invalid request descriptor'],
  62: ['ETIME', 'timer expired'],
  67: ['ENOLINK', 'link has been severed'],
  74: ['EBADMSG', 'bad message'],
  109: ['ETOOMANYREFS', 'too many references'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
  123: ['ENOMEDIUM', 'no medium found'],
  124: ['EMEDIUMTYPE', 'wrong medium type'],
  130: ['EOWNERDEAD', 'owner died'],
  133: ['EHWPOISON', 'memory page has hardware error'],
};

/** The name of a system call's error, also where Node has none: Node 20 calls EDQUOT "Unknown system error -122". */
export function systemCode({ errno }: { errno: number }): string {
  return systemError(Math.abs(errno)).code;
}

/** The likely mend of an error that any system call may have; undefined when it depends on the call. */
export function systemHint(errno: number): string | undefined {
  switch (errno) {
    case constants.errno.EMFILE:
      return 'raise ulimit -n';
    case constants.errno.ENFILE:
      return 'raise the limit of this machine: sysctl fs.file-max';
    case constants.errno.ENOMEM:
      return 'free some memory, or ask for less';
    case constants.errno.ENOSPC:
      return 'free some space';
    case constants.errno.EDQUOT:
      return "the user's quota is used up: free some space";
    case constants.errno.EROFS:
      return 'the file system is mounted read-only';
    default:
      return undefined;
  }
}

/** The system's words for an error: "permission denied" of "EACCES: permission denied, open 'x'". */
export function systemReason(error: NodeJS.ErrnoException): string {
  const unnamed = UNNAMED[Math.abs(error.errno ?? 0)];
  if (unnamed !== undefined) return unnamed[1];
  return error.message.replace(/^\w+: /, '').replace(/, \w+( '.*)?$/s, '');
}

/** "i/o error (EIO)" of a positive errno. */
export function systemWords(errno: number): string {
  const { code, text } = systemError(errno);
  return `${text} (${code})`;
}

/** The mend of a call that every run must make and that a filter or a module has refused; undefined for other errors. */
export function refusedHint(errno: number, call: string): string | undefined {
  const { EPERM, EACCES, ENOSYS } = constants.errno;
  if (![EPERM, EACCES, ENOSYS].includes(errno)) return undefined;
  return `a seccomp filter or a security module refuses ${call}: allow it in its profile`;
}

/** EIO and "i/o error" of a positive errno. */
export function systemError(errno: number): { code: string; text: string } {
  // libuv calls 95 ENOTSUP, "operation not supported on socket".
  if (errno === constants.errno.EOPNOTSUPP) return { code: 'EOPNOTSUPP', text: 'operation not supported' };
  const [code, text] = getSystemErrorMap().get(-errno) ??
    UNNAMED[errno] ?? [`errno ${errno}`, `error ${errno}`];
  return { code, text };
}
