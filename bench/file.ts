/** The file that everything reads: incompressible, and in the page cache. */
import { randomFillSync } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Stopped } from './exec.ts';

const CHUNK_BYTES = 2 ** 20;

export interface HotFile {
  path: string;
  bytes: number;
  /** Reads all of it, so that it is in the page cache. @returns bytes that had to come from a device */
  warm(): Promise<number>;
  /** Removes it; again does nothing. */
  remove(): void;
}

/** What this process has read from devices so far: /proc/self/io. */
function deviceBytes(): number {
  return Number(/^read_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

async function fill(path: string, bytes: number, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      if (signal.aborted) throw new Stopped();
      await file.write(randomFillSync(chunk), 0, Math.min(CHUNK_BYTES, bytes - at), at);
    }
    await file.sync(); // no dirty pages that the kernel would write back during the runs
  } finally {
    await file.close();
  }
}

async function readAll(path: string): Promise<number> {
  const before = deviceBytes();
  const file = await open(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    while ((await file.read(chunk, 0, CHUNK_BYTES)).bytesRead > 0);
  } finally {
    await file.close();
  }
  return deviceBytes() - before;
}

/**
 * Creates the file in a folder. However the process ends, but for SIGKILL, it is removed.
 * @throws Stopped when the signal is aborted meanwhile
 */
export async function makeFile(directory: string, bytes: number, signal: AbortSignal): Promise<HotFile> {
  const path = join(resolve(directory), `uring-bench-bench.${process.pid}`);
  const remove = (): void => {
    rmSync(path, { force: true });
    process.off('exit', remove);
  };
  process.on('exit', remove);
  try {
    await fill(path, bytes, signal);
  } catch (error) {
    remove();
    throw error;
  }
  return { path, bytes, warm: () => readAll(path), remove };
}
