/** What buffered I/O asks the device for, as the kernel accounts it to the process. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { watchProcess } from '../support/proc-watch.ts';
import { near } from '../support/result.ts';
import { list, plainOf, realVariantsFor } from '../support/variants.ts';

const variants = plainOf(realVariantsFor('read'));
const SIZE_BYTES = 32 * 2 ** 20;
/** The tool's own files, which may be cold, and pages that a kernel short of memory takes away meanwhile. */
const OTHER_BYTES = SIZE_BYTES / 4;

/** Bytes that runs of all backends over one cached file read from the device; each reads all blocks twice. */
async function deviceBytes(t: TestContext, args: readonly string[]): Promise<number> {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), SIZE_BYTES);
  assert.equal(readFileSync(path).length, SIZE_BYTES); // now it is in the page cache
  const workload = ['--filename', path, '--bs', '16k', '--iodepth', '8', '--loops', '2', '--trials', '1'];
  const running = startBench(folder, ['--backend', list(variants), ...workload, ...args, ...REPORT]);
  const unwatch = watchProcess(running.pid);
  const ended = await running.ended;
  const { processes } = unwatch();
  const result = resultOf(ended);
  for (const { label } of variants)
    assert.equal(opsOf(trialOf(result, label)).read.io_bytes, SIZE_BYTES * 2, label);
  return processes.get(running.pid)?.readBytes ?? -1;
}

test('buffered, invalidated: each backend reads the device, in each pass as fio', {
  skip: noDisk,
}, async (t) => {
  near(await deviceBytes(t, ['--buffered']), SIZE_BYTES * 2 * variants.length, 0.02, 'bytes', OTHER_BYTES);
});

test('buffered, not invalidated: all comes from the cache', { skip: noDisk }, async (t) => {
  near(await deviceBytes(t, ['--buffered', '--invalidate=0']), 0, 0, 'bytes', OTHER_BYTES);
});

test('buffered, read before: all comes from the cache', { skip: noDisk }, async (t) => {
  near(await deviceBytes(t, ['--buffered', '--pre-read']), 0, 0, 'bytes', OTHER_BYTES);
});

test('direct: each backend reads the device each time', { skip: noDisk }, async (t) => {
  near(await deviceBytes(t, []), SIZE_BYTES * 2 * variants.length, 0.02, 'bytes', OTHER_BYTES);
});
