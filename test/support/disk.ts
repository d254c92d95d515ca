/** Folders on a file system that takes O_DIRECT, files full of data in them, and loop devices over such files. */
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { attach, type Loop } from './scratch.ts';

/** statfs(2): TMPFS_MAGIC, RAMFS_MAGIC. They may take O_DIRECT, but there is no device below. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6]);

const made = new Set<string>();

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  made.delete(folder);
}

function removeFolders(): void {
  for (const folder of made) removeFolder(folder);
}

process.on('exit', removeFolders);
// Before the handler of scratch.ts, which ends the process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.prependOnceListener(signal, removeFolders);

function makeFolder(parent: string): string {
  const folder = realpathSync(mkdtempSync(join(parent, 'uring-bench-test-')));
  made.add(folder);
  return folder;
}

/** Whether files in a folder are on a device and can be opened with O_DIRECT. */
function takesDirect(parent: string): boolean {
  let folder: string | undefined;
  try {
    folder = makeFolder(parent);
    if (IN_MEMORY.has(statfsSync(folder).type)) return false;
    const { O_CREAT, O_RDWR, O_DIRECT } = constants;
    closeSync(openSync(join(folder, 'probe'), O_CREAT | O_RDWR | O_DIRECT));
    return true;
  } catch {
    return false;
  } finally {
    if (folder !== undefined) removeFolder(folder);
  }
}

const parent = [tmpdir(), '/var/tmp', process.cwd()].find(takesDirect);

/** Why tests that need a device are skipped; false when there is one. */
export const noDisk: string | false =
  parent === undefined ? 'needs a folder on a device that takes O_DIRECT: set TMPDIR to one' : false;

/** A folder of its own for a test, on a device; gone when the test ends. */
export function diskFolder(t: TestContext): string {
  if (parent === undefined) throw new Error(String(noDisk));
  const folder = makeFolder(parent);
  t.after(() => removeFolder(folder));
  return folder;
}

const MEBIBYTE = 2 ** 20;

/** A file of random bytes, all of them on the device. Its size is a multiple of 1 MiB. */
export function dataFile(path: string, bytes: number): string {
  const fd = openSync(path, 'wx');
  try {
    const chunk = randomFillSync(Buffer.alloc(MEBIBYTE));
    for (let at = 0; at < bytes; at += MEBIBYTE) {
      chunk.writeDoubleLE(at);
      writeSync(fd, chunk, 0, Math.min(MEBIBYTE, bytes - at));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return path;
}

/** A loop device of the test's own over a file full of data, which it reads and writes past the page cache. */
export function diskLoop(t: TestContext, bytes: number): Loop {
  return attach(t, dataFile(join(diskFolder(t), 'image'), bytes), '--direct-io=on');
}

/** All files below a folder, sorted. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}
