/** Whole files, as a user types them: every byte is read by every backend, what is not what was laid out is found. */
import assert from 'node:assert/strict';
import { existsSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { bench, benchResult, type Ended, REPORT, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { scratchFolder } from '../support/scratch.ts';

const ITEMS = 30;
const LOOPS = 2;
const ODD = 17;
const linked = 'io_uring+directfiles+linked';
const rings = unavailable(linked) ? [] : ['io_uring', 'io_uring+directfiles', linked];
const variants = ['sync', 'threadpool', ...rings];

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A run of all backends in which something happens to the files once they are laid out, before any is read. */
async function runOver(
  t: TestContext,
  args: readonly string[],
  meanwhile: (root: string) => void,
): Promise<{ ended: Ended; folder: string }> {
  const folder = diskFolder(t);
  const shape = ['--rw=wholefile', `--nrfiles=${ITEMS}`, `--loops=${LOOPS}`, '--trials=1', '--iodepth=4'];
  const running = startBench(folder, [
    ...shape,
    `--backend=${variants.join(',')}`,
    '--startdelay=400ms',
    ...args,
    ...REPORT,
  ]);
  const root = join(folder, 'uring-bench.0.tree');
  const last = itemPath(root, ITEMS - 1);
  for (let tries = 0; tries < 2000 && !(existsSync(last) && statSync(last).size > 0); tries++) await wait(5);
  await wait(100);
  meanwhile(root);
  return { ended: await running.ended, folder };
}

const itemPath = (root: string, item: number): string => join(root, `d0/f.0.${item}`);

describe('whole files', { skip: noDisk }, () => {
  it('are read to their end by every backend, and checked', async (t) => {
    let bytes = 0;
    const { ended, folder } = await runOver(t, ['--filesize=1-20k', '--checksum'], (root) => {
      for (let item = 0; item < ITEMS; item++) bytes += statSync(itemPath(root, item)).size;
    });
    assert.equal(ended.code, EXIT.ok, ended.stderr);
    const result: RunResult = JSON.parse(ended.stdout);
    assert.ok(bytes > ITEMS && bytes < ITEMS * 20_480);
    for (const label of variants) {
      const { ops, total_ios } = trialOf(result, label);
      assert.equal(total_ios, ITEMS * LOOPS, label);
      assert.equal(ops.wholefile?.io_bytes, bytes * LOOPS, label);
      assert.equal(ops.wholefile?.short_ios, 0, label);
      assert.equal(ops.wholefile?.lat_ns.N, ITEMS * LOOPS, label);
    }
    assert.equal(result.jobs[0]?.options.filesize, '1-20480');
    assert.deepEqual(filesIn(folder), []);
  });

  it('a changed byte is found, and told with the name of the file', async (t) => {
    const { ended, folder } = await runOver(t, ['--filesize=8k', '--checksum'], (root) => {
      const fd = openSync(itemPath(root, ODD), 'r+');
      const byte = Buffer.alloc(1);
      readSync(fd, byte, 0, 1, 5000);
      writeSync(fd, Buffer.of((byte[0] ?? 0) ^ 4), 0, 1, 5000);
    });
    assert.equal(ended.code, EXIT.failed, ended.stderr);
    const result: RunResult = JSON.parse(ended.stdout);
    for (const label of variants) {
      const { failure, errors } = trialOf(result, label);
      assert.match(
        failure?.message ?? '',
        /^checksum \S*uring-bench\.0\.tree\/d0\/f\.0\.17: what was read is not what was laid out/,
        label,
      );
      assert.match(errors[0]?.first_file ?? '', /\/f\.0\.17$/);
    }
    assert.deepEqual(filesIn(folder), []);
  });

  it('a file that has become shorter is counted, and the others are read', async (t) => {
    const { ended } = await runOver(t, ['--filesize=8k'], (root) => truncateSync(itemPath(root, ODD), 5000));
    assert.equal(ended.code, EXIT.ok, ended.stderr);
    const result: RunResult = JSON.parse(ended.stdout);
    for (const label of variants) {
      const { ops } = trialOf(result, label);
      assert.equal(ops.wholefile?.total_ios, ITEMS * LOOPS, label);
      assert.equal(ops.wholefile?.short_ios, LOOPS, label);
      assert.equal(ops.wholefile?.io_bytes, LOOPS * ((ITEMS - 1) * 8192 + 5000), label);
    }
  });

  it('are read past the page cache where that is asked for, in whole blocks', async (t) => {
    const args = ['--rw=wholefile', '--direct=1', '--checksum', '--nrfiles=20', '--loops=1', '--trials=1'];
    const result = await benchResult(diskFolder(t), [...args, '--backend=sync', '--filesize=4k-32k']);
    const { ops } = trialOf(result, 'sync');
    assert.equal((ops.wholefile?.io_bytes ?? 1) % 512, 0);
    assert.equal(result.jobs[0]?.options.direct, true);
  });
});

describe('what makes no sense with whole files', () => {
  const whole = ['--rw=wholefile', '--backend=sync'];
  const refused: [string[], RegExp][] = [
    [[...whole, '--filesize=0'], /filesize=0 is out of range \(it must be 1 or more\)/],
    [[...whole, '--filesize=64k-1k'], /filesize=64k-1k ends below where it begins \(1k-64k\)/],
    [
      [...whole, '--filesize=1k-2k-3k'],
      /filesize=1k-2k-3k is neither a size nor a range \(like 4k, or 1k-64k\)/,
    ],
    [[...whole, '--filesize=4g'], /filesize=4g with rw=wholefile, which reads each file by one call/],
    [
      [...whole, '--filesize=1000', '--direct=1'],
      /filesize=1000 is not a multiple of \d+, the logical block size/,
    ],
    [[...whole, '--io-size=1m'], /io-size with rw=wholefile, which reads files to their end/],
    [['--rw=randread', '--checksum'], /checksum with rw=randread: only whole files are checked/],
    [['--rw=stat', '--checksum'], /checksum with rw=stat: only whole files are checked/],
    [
      ['--rw=wholefile', '--checksum', '--backend=null'],
      /checksum: null reads nothing that could be checked/,
    ],
    [['--rw=stat', '--filesize=1k-64k'], /filesize=1k-64k with rw=stat, whose files are all alike/],
    [['--rw=read', '--filesize=1k..64k'], /filesize=1k-64k with rw=read, whose files are all alike/],
  ];
  for (const [args, said] of refused) {
    it(args.join(' '), async (t) => {
      const folder = scratchFolder(t);
      const { code, stderr } = await bench(folder, args);
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, said);
      assert.equal(stderr.trim().split('\n').length, 1);
      assert.deepEqual(filesIn(folder), []);
    });
  }
});
