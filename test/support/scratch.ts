/** Folders, loop devices and mounts for one test; all gone afterwards, however it ends. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Undone last first, each once. */
const undos: (() => void)[] = [];

function undoAll(): void {
  for (let undo = undos.pop(); undo; undo = undos.pop()) {
    try {
      undo();
    } catch (error) {
      process.stderr.write(`cannot clean up: ${error}\n`);
    }
  }
}

process.on('exit', undoAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    undoAll();
    process.kill(process.pid, signal);
  });
}

/** Runs a command -> its output. @throws with its standard error in the message. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n')[0] ?? '';
}

/** A folder of its own for a test. */
export function scratchFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'uring-bench-test-')));
  undos.push(() => rmSync(folder, { recursive: true, force: true }));
  t.after(undoAll);
  return folder;
}

/** Mounts something on a new folder -> the folder. */
export function mount(t: TestContext, ...args: string[]): string {
  const folder = join(scratchFolder(t), 'mnt');
  mkdirSync(folder);
  mountOn(t, folder, ...args);
  return folder;
}

/** Mounts something on a folder. */
export function mountOn(t: TestContext, folder: string, ...args: string[]): void {
  run('mount', ...args, folder);
  undos.push(() => run('umount', '--lazy', folder));
  t.after(undoAll);
}

export interface Loop {
  /** /dev/loop3 */
  device: string;
  /** The file behind it. */
  image: string;
}

/** A loop device on a new sparse file. */
export function loopDevice(t: TestContext, bytes: number, ...options: string[]): Loop {
  const image = join(scratchFolder(t), 'image');
  const fd = openSync(image, 'w');
  ftruncateSync(fd, bytes);
  closeSync(fd);
  return attach(t, image, ...options);
}

/** A loop device on an existing file. */
export function attach(t: TestContext, image: string, ...options: string[]): Loop {
  const device = run('losetup', '--find', '--show', ...options, image);
  undos.push(() => run('losetup', '--detach', device));
  t.after(undoAll);
  return { device, image };
}

/** Uses a file as swap until the test ends. */
export function swapOn(t: TestContext, path: string): void {
  run('mkswap', path);
  run('swapon', path);
  undos.push(() => run('swapoff', path));
  t.after(undoAll);
}

/** false, or why a test that needs some of it is skipped. */
export function skipUnless(
  ...needs: ('root' | 'loop' | 'ext4' | 'swap' | 'nobody' | 'perl')[]
): string | false {
  for (const need of needs) {
    if (need !== 'perl' && process.geteuid?.() !== 0) return 'needs root';
    const commands = { root: ['mount'], loop: ['losetup'], ext4: ['mkfs.ext4'], swap: ['mkswap', 'swapon'] };
    const missing = (need === 'perl' ? ['perl'] : need === 'nobody' ? [] : commands[need]).find(
      (c) => !hasCommand(c),
    );
    if (missing) return `needs the command ${missing}`;
    const reason = need === 'root' ? noMounts() : need === 'loop' ? noLoops() : null;
    if (reason) return reason;
  }
  return false;
}

export function hasCommand(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A container's root may not mount. */
function noMounts(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'uring-bench-probe-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', folder);
    run('umount', folder);
    return null;
  } catch (error) {
    return `cannot mount here: ${reasonOf(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function noLoops(): string | null {
  try {
    run('losetup', '--find');
    return null;
  } catch (error) {
    return `no loop devices here: ${reasonOf(error)}`;
  }
}

/** Does something as a user who owns nothing; the test must be root's. */
export function asNobody<T>(action: () => T): T {
  const { seteuid, geteuid } = process;
  if (!seteuid || !geteuid) throw new Error('no users here');
  const own = geteuid();
  seteuid(65534);
  try {
    return action();
  } finally {
    seteuid(own);
  }
}
