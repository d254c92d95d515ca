/** fio's overwrite=0: writes allocate, in each trial anew, and fallocate says how room was made before. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { bench, benchFails, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { parseResult } from '../support/result.ts';
import { mount, scratchFolder, skipUnless } from '../support/scratch.ts';

const BLOCK = 4096;
const BLOCKS = 64;
const IOS = 4;
const BRIEF = ['--no-save', '--quiet', '--output-format=json'];
const WRITES = ['--rw=randwrite', '--bs=4k', `--number-ios=${IOS}`, '--trials=3'];

/** What the run leaves of a file that it was to make and keep. */
async function left(folder: string, args: readonly string[]): Promise<{ size: number; allocated: number }> {
  const path = join(folder, 'kept');
  const made = ['--filename=kept', `--size=${BLOCKS * BLOCK}`, '--overwrite=0', ...args];
  const ended = await bench(folder, [...WRITES, ...made, ...BRIEF]);
  assert.equal(opsOf(trialOf(parseResult(ended.stdout))).write.total_ios, IOS);
  const { size, blocks } = statSync(path);
  return { size: size / BLOCK, allocated: (blocks * 512) / BLOCK };
}

for (const backend of ['sync', 'io_uring', 'linux-aio', 'posix-aio', 'threadpool']) {
  test(`${backend}: each trial writes to a file that has nothing`, { skip: noDisk }, async (t) => {
    const of = (how: string) => left(diskFolder(t), [`--backend=${backend}`, `--fallocate=${how}`]);
    // What an earlier trial wrote at other places is gone. ext4 may take a block for the map of many pieces.
    const check = (found: { size: number; allocated: number }, size: number, allocated: number): void => {
      assert.ok(found.size <= BLOCKS && found.size >= size, `${found.size} blocks long`);
      assert.ok([allocated, allocated + 1].includes(found.allocated), `${found.allocated} blocks allocated`);
    };
    check(await of('none'), 1, IOS);
    check(await of('truncate'), BLOCKS, IOS);
    check(await of('native'), BLOCKS, BLOCKS);
    check(await of('posix'), BLOCKS, BLOCKS);
    check(await of('keep'), 1, BLOCKS);
  });
}

test('files that are made for the run go when it ends; what is read, or exists, is laid out as ever', async (t) => {
  const folder = scratchFolder(t);
  const args = ['--backend=sync', ...WRITES, '--size=256k', '--overwrite=0'];
  const ended = await bench(folder, [...args, ...BRIEF]);
  assert.deepEqual(filesIn(folder), []);
  const [job] = parseResult(ended.stdout).jobs;
  assert.deepEqual([job?.options.overwrite, job?.options.fallocate], [false, 'native']);

  const told = async (...more: string[]): Promise<string> => {
    const { stdout } = await bench(folder, [...args, ...more, ...BRIEF]);
    const result = parseResult(stdout);
    assert.equal(result.jobs[0]?.options.overwrite, more.includes('--rw=randrw'));
    return result.warnings.map(({ message }) => message).join('\n');
  };
  assert.match(await told('--rw=randrw'), /overwrite=0 has no effect: rw=randrw reads/);
  dataFile(join(folder, 'there'), 256 * 1024);
  const existing = ['--filename=there', '--allow-overwrite'];
  assert.match(await told(...existing), /overwrite=0 has no effect on \S*there, which exists/);
  assert.equal(statSync(join(folder, 'there')).blocks * 512, 256 * 1024, 'and keeps what it had');
});

test('a sweep that reads at some points does not take it', async (t) => {
  const folder = scratchFolder(t);
  const args = ['sweep', '--backend=sync', '--rw=randwrite,randread', '--overwrite=0', '--number-ios=4'];
  const line = await benchFails(folder, [...args, '--size=256k', '--no-save'], EXIT.usage);
  assert.match(line, /overwrite=0 at some points only: \S+ cannot be laid out for the others/);
  assert.deepEqual(filesIn(folder), []);
});

test('no room is told before anything runs', { skip: skipUnless('root') }, async (t) => {
  const folder = mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'none');
  const args = [
    ...WRITES,
    '--backend=sync',
    '--overwrite=0',
    '--size=900k',
    '--numjobs=2',
    '--buffered',
    ...BRIEF,
  ];
  assert.match(await benchFails(folder, args, EXIT.usage), /not enough space in /);
  assert.deepEqual(filesIn(folder), []);
});
