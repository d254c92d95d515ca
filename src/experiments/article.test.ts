import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dataFile, diskFolder, filesIn, noDisk } from '../../test/support/disk.ts';
import { flatPlan } from '../../test/support/plan.ts';
import { refused } from '../../test/support/refused.ts';
import type { RawOptions } from '../options/options.ts';
import type { ResolveHost } from '../resolve/resolve.ts';
import { articleJob, articleNotes, backendsOf, scaledFileBytes } from './article.ts';
import { articleBytes, articleSeconds } from './article-run.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Two CPUs, whatever this machine has; O_DIRECT in blocks of so many bytes. */
function hostOf(alignBytes: number): ResolveHost {
  const machine = { cpusOnline: [0, 1], cpusAllowed: [0, 1] };
  return { machine, target: { dioAlign: () => alignBytes } };
}

describe('the size of new files', () => {
  it('is what fits into a quarter of the disk and of the memory', () => {
    const room = (diskBytes: number | null, memoryBytes: number) => ({ diskBytes, memoryBytes });
    assert.equal(scaledFileBytes(72, room(100 * GIB, 100 * GIB), false), 8 * MIB);
    assert.equal(scaledFileBytes(288, room(1000 * GIB, 1000 * GIB), true), 32 * MIB);
    assert.equal(scaledFileBytes(72, room(null, 100 * GIB), false), 8 * MIB);
    assert.equal(scaledFileBytes(72, room(2 * GIB, 100 * GIB), false), 4 * MIB);
    assert.equal(scaledFileBytes(72, room(100 * GIB, GIB), false), 2 * MIB);
    assert.equal(scaledFileBytes(72, room(MIB, MIB), false), MIB, 'then the check of space refuses it');
    assert.equal(scaledFileBytes(1, room(100 * GIB, 100 * GIB), false), GIB);
  });

  it('never takes more than its share', () => {
    const bytes = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4096 }),
        bytes,
        bytes,
        fc.boolean(),
        (files, disk, memory, full) => {
          const each = scaledFileBytes(files, { diskBytes: disk, memoryBytes: memory }, full);
          assert.ok(Number.isInteger(Math.log2(each)));
          assert.ok(each === MIB || each * files <= Math.min(disk, memory) / 4);
        },
      ),
    );
  });
});

describe('the set-ups', { skip: noDisk }, () => {
  const job = (table: 'table1' | 'table2' | 'table3', raw: RawOptions, align = 512) => {
    const article = articleJob(table, raw, hostOf(align));
    return { ...article, job: flatPlan(article.plan) };
  };

  it('of tables 1 and 2 are the article’s, scaled to the CPUs', (t) => {
    const directory = diskFolder(t);
    const one = job('table1', { directory });
    const labels = one.job.variants.map(({ label }) => label);
    assert.deepEqual(labels, ['sync', 'posix-aio', 'linux-aio', 'io_uring', 'io_uring+enhanced']);
    const { rw, bs, iodepth, numjobs, direct, isolation, trials, reference, bounds } = one.job;
    assert.deepEqual([rw, bs.read, iodepth, numjobs, direct], ['randread', 1024, 8, 18, true]);
    assert.deepEqual([isolation, trials, reference, bounds.runtimeNs], ['process', 5, 'io_uring', 3e9]);
    assert.deepEqual(new Set(one.job.files.map((files) => files.length)), new Set([4]));
    const batches = [
      one.job.iodepthBatchSubmit,
      one.job.iodepthBatchCompleteMin,
      one.job.iodepthBatchCompleteMax,
    ];
    assert.deepEqual(batches, [1, 1, 1], "fio's defaults");
    const two = job('table2', { directory });
    assert.deepEqual([two.job.direct, two.job.preRead, two.job.invalidate], [false, true, false]);
    assert.equal(two.job.variants.length, 4);
    assert.ok(articleBytes(two) <= GIB && articleBytes(two) >= 72 * MIB);
    // Five trials and a warm-up of each of four, 30 ms around each, and 100 ms before each block.
    assert.equal(articleSeconds(two), 4 * (5 * 3 + 0.5 + 6 * 0.03) + 5 * 0.1);
    assert.deepEqual(filesIn(directory), [], 'nothing is created');
  });

  it('of table 3 is one CPU with 1000 reads in flight', (t) => {
    const three = job('table3', { directory: diskFolder(t) });
    const { bs, iodepth, numjobs, cpusAllowed, isolation } = three.job;
    assert.deepEqual([bs.read, iodepth, numjobs, cpusAllowed, isolation], [512, 1000, 1, [1], 'thread']);
    assert.equal(three.job.files.flat().length, 1);
  });

  it('take larger blocks where smaller ones are not possible, and say so', (t) => {
    const directory = diskFolder(t);
    const three = job('table3', { directory }, 4096);
    assert.equal(three.job.bs.read, 4096);
    assert.match(three.notes.join(), /^bs=4k, not 512: smaller direct reads are not possible on /);
    assert.equal(job('table1', { directory }, 4096).job.bs.read, 4096);
    assert.equal(job('table2', { directory }, 4096).job.bs.read, 1024, 'the page cache takes any size');
  });

  it('have the article’s counts with --full', (t) => {
    const one = job('table1', { directory: diskFolder(t), full: true, filesize: MIB });
    assert.deepEqual([one.job.numjobs, one.job.bounds.runtimeNs, one.full], [72, 30e9, true]);
    assert.match(one.notes.join(), /72 jobs are 36 for each of the CPUs here, 9 in the article/);
    assert.equal(articleBytes(one), 72 * 4 * MIB);
  });

  it('take what the command line may change', (t) => {
    const directory = diskFolder(t);
    const changed = job('table1', {
      directory,
      runtime: 1e9,
      trials: 7,
      isolation: 'thread',
      filesize: 2 * MIB,
    });
    const { bounds, trials, isolation } = changed.job;
    assert.deepEqual([bounds.runtimeNs, trials, isolation], [1e9, 7, 'thread']);
    assert.equal(changed.job.files[0]?.[0]?.size, 2 * MIB);
    assert.ok(!('full' in changed.job.options));
  });

  it('use named files whole, but no more of them than fits the cache many times', (t) => {
    const directory = diskFolder(t);
    const small = dataFile(join(directory, 'small'), 2 * MIB);
    const large = join(directory, 'large');
    writeFileSync(large, '');
    truncateSync(large, GIB);
    const one = job('table1', { filename: ['small:large'], directory });
    assert.deepEqual(
      one.job.files[0]?.map(({ size }) => size),
      [2 * MIB, GIB],
    );
    assert.deepEqual(one.job.files[0], one.job.files[17], 'all jobs share them');
    const two = job('table2', { filename: [large] });
    assert.equal(two.job.files[0]?.[0]?.size, 256 * MIB);
    assert.equal(job('table2', { filename: [small] }).job.files[0]?.[0]?.size, 2 * MIB);
  });

  it('refuse what a run refuses', (t) => {
    const directory = join(diskFolder(t), 'missing');
    refused(() => job('table1', { directory }), /directory .*missing does not exist/);
  });
});

describe('polling', () => {
  const place = { alignBytes: 512, polled: true, device: 'nvme0n1' };
  const machine = hostOf(512).machine;

  it('is used in table 3 where the device has polled queues', () => {
    assert.deepEqual(backendsOf('table3', place), ['linux-aio', 'io_uring+enhanced+iopoll']);
    assert.deepEqual(backendsOf('table3', { ...place, polled: false }), ['linux-aio', 'io_uring+enhanced']);
    assert.ok(!backendsOf('table1', place).some((name) => name.includes('iopoll')));
  });

  it('is said to be missing where it is', () => {
    assert.deepEqual(articleNotes('table3', place, 512, false, machine), []);
    const notes = articleNotes('table3', { ...place, polled: false }, 512, false, machine);
    assert.match(notes.join(), /^nvme0n1 has no polled queue: .*nvme\.poll_queues=N/);
    assert.deepEqual(articleNotes('table1', { ...place, polled: false }, 1024, false, machine), []);
  });
});
