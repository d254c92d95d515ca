/** Features that show in the page cache: uncached leaves nothing there, nowait does not wait for it. And atomic. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { Trial } from '../../src/results/schema.ts';
import { bench, benchResult, REPORT, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { opsOf } from '../support/ops.ts';
import { parseResult } from '../support/result.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

const FILE_BYTES = 8 * 2 ** 20;
const BLOCKS = FILE_BYTES / 4096;

/** Pages of a file that are in the page cache, by mincore(2) of fincore. */
function cachedPages(path: string): number {
  const said = execFileSync('fincore', ['--bytes', '--noheadings', '--output', 'PAGES', path], {
    encoding: 'utf8',
  });
  return Number(said.trim());
}

const noFincore = firstReason(noDisk, needsCommand('fincore'));

/** Every block of a file is read once -> how, and the file. */
async function readOnce(t: TestContext, variant: string): Promise<{ trial: Trial; path: string }> {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), FILE_BYTES);
  const args = [`--filename=${path}`, '--buffered', `--number-ios=${BLOCKS}`, '--iodepth=4', '--trials=1'];
  return { trial: trialOf(await benchResult(folder, [`--backend=${variant}`, ...args]), variant), path };
}

// Reads only: what becomes of written pages is the file system's to say (ext4 of Linux 6.18 keeps them). That
// writes carry the flag, features.test.ts sees.
for (const backend of ['sync', 'io_uring']) {
  const variant = `${backend}+uncached`;
  test(`${variant}: nothing that was read stays in the page cache`, {
    skip: firstReason(noFincore, unavailable(variant)),
  }, async (t) => {
    const usual = await readOnce(t, backend);
    assert.equal(usual.trial.total_ios, BLOCKS);
    assert.equal(cachedPages(usual.path), BLOCKS, 'all of it stays otherwise');
    const uncached = await readOnce(t, variant);
    assert.equal(uncached.trial.total_ios, BLOCKS);
    const pages = cachedPages(uncached.path);
    // A page that is in use elsewhere just then is left for the next to drop.
    assert.ok(pages <= BLOCKS / 50, `${pages} of ${BLOCKS} pages`);
  });
}

for (const variant of ['sync+nowait', 'linux-aio+nowait', 'io_uring+nowait', 'io_uring+nowait+enhanced']) {
  test(`${variant}: what would wait fails, and is counted`, { skip: noDisk }, async (t) => {
    const folder = diskFolder(t);
    const path = dataFile(join(folder, 'data'), FILE_BYTES);
    const args = [`--backend=${variant}`, `--filename=${path}`, '--buffered', '--trials=1', '--iodepth=4'];
    const ios = 200;
    const cold = trialOf(await benchResult(folder, [...args, `--number-ios=${ios}`]), variant);
    const [error, ...others] = cold.errors;
    assert.equal(others.length, 0);
    assert.deepEqual([error?.op, error?.code], ['read', 'EAGAIN']);
    assert.ok((error?.count ?? 0) > ios / 10, `${error?.count} of ${ios}`);
    assert.equal(cold.total_ios + (error?.count ?? 0), ios, 'each I/O was either done or refused');
    assert.equal(opsOf(cold).read.lat_ns.N, cold.total_ios, 'latencies are those of I/Os that were done');
    const hot = trialOf(await benchResult(folder, [...args, '--pre-read', `--number-ios=${ios}`]), variant);
    assert.deepEqual(hot.errors, [], 'nothing waits for what is in the cache');
    assert.equal(hot.total_ios, ios);
  });
}

test('io_uring+atomic: untorn writes where the device can, else the error', {
  skip: firstReason(noDisk, unavailable('io_uring+atomic')),
}, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), FILE_BYTES);
  const args = ['--backend=io_uring+atomic', '--rw=randwrite', `--filename=${path}`, '--allow-overwrite'];
  const { code, stdout, stderr } = await bench(folder, [...args, '--number-ios=50', ...REPORT]);
  const trial = trialOf(parseResult(stdout));
  if (code === EXIT.ok) return assert.equal(opsOf(trial).write.total_ios, 50);
  assert.equal(code, EXIT.failed, stderr);
  assert.match(
    stderr,
    /^uring-bench: io_uring\+atomic failed: write \S+ at offset \d+: .*\((EOPNOTSUPP|EINVAL)\).*\n$/,
  );
  assert.equal(trial.total_ios, 0);
});
