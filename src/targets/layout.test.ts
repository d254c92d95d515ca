import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { deflateSync } from 'node:zlib';
import { rejected } from '../../test/support/refused.ts';
import { loopDevice, mount, run, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { BenchError } from '../errors.ts';
import { identityOf } from '../host/file-identity.ts';
import { makeRoom } from '../native/library.ts';
import type { TargetFile } from '../workload/workload.ts';
import { type LayoutIo, layOut } from './layout.ts';

const MIB = 2 ** 20;

/** A new file, for this run alone unless said otherwise; what is there has been checked. */
function target(path: string, size: number, more: Partial<TargetFile> = {}): TargetFile {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  const known = stats === undefined ? {} : { identity: identityOf(stats) };
  return { path, kind: 'file', offset: 0, size, create: true, remove: true, ...known, ...more };
}

function io(more: Partial<LayoutIo> = {}): LayoutIo {
  return { direct: false, dropCache: () => {}, makeRoom, ...more };
}

/** How often each 4 KiB block of the files occurs, at the most. */
function commonestBlock(...paths: string[]): number {
  const seen = new Map<string, number>();
  for (const path of paths) {
    const content = readFileSync(path);
    for (let at = 0; at < content.length; at += 4096) {
      const block = content.toString('latin1', at, at + 4096);
      seen.set(block, (seen.get(block) ?? 0) + 1);
    }
  }
  return Math.max(...seen.values());
}

async function laysOutWhole(folder: string): Promise<void> {
  const [a, b, kept] = ['a', 'b', 'kept'].map((name) => join(folder, name)) as [string, string, string];
  const dropped: [string, number][] = [];
  const progress: [number, number][] = [];
  const shared = target(kept, 5 * MIB, { remove: false });
  const created = await layOut(
    [
      [target(a, 9 * MIB + 1000), shared],
      [target(b, MIB, { offset: 3 * MIB }), shared],
    ],
    io({
      dropCache: (path) => dropped.push([path, statSync(path).size]),
      onProgress: (done, total) => progress.push([done, total]),
    }),
  );
  const total = 18 * MIB + 1000;
  assert.deepEqual([created.bytes, progress.at(-1)], [total, [total, total]]);
  assert.ok(progress.every(([done, of], i) => of === total && done > (progress[i - 1]?.[0] ?? 0)));
  assert.deepEqual(dropped, [
    [a, 9 * MIB + 1000],
    [kept, 5 * MIB],
    [b, 4 * MIB],
  ]);
  for (const [path, size] of dropped) assert.ok(statSync(path).blocks * 512 >= size, `${path} has holes`);
  assert.equal(commonestBlock(a, b, kept), 1);
  const content = readFileSync(a);
  assert.ok(deflateSync(content).length > 0.999 * content.length);

  created.remove();
  assert.deepEqual(readdirSync(folder).sort(), ['kept']);
  created.remove();
}

test('every byte is written, once for all jobs, and nothing is like anything else', async (t) => {
  await laysOutWhole(scratchFolder(t));
});

test('the same on a tmpfs', { skip: skipUnless('root') }, async (t) => {
  await laysOutWhole(mount(t, '-t', 'tmpfs', '-o', 'size=64m', 'none'));
});

test('files that exist and are not to be created are left alone', async (t) => {
  const path = join(scratchFolder(t), 'mine');
  writeFileSync(path, 'mine');
  const created = await layOut([[target(path, 4096, { create: false, remove: false })]], io());
  assert.deepEqual([created.paths, created.bytes], [[], 0]);
  created.remove();
  assert.equal(readFileSync(path, 'utf8'), 'mine');
});

test('a file that is to grow keeps what it has, and its length when that fails', async (t) => {
  const path = join(scratchFolder(t), 'mine');
  const mine = Buffer.alloc(MIB + 123, 'mine');
  writeFileSync(path, mine);
  const longer = target(path, 8 * MIB, { remove: false });
  const dropCache = () => {
    throw new BenchError('no', { kind: 'failed' });
  };
  await assert.rejects(layOut([[longer]], io({ dropCache })), /no/);
  assert.ok(readFileSync(path).equals(mine));

  const created = await layOut([[longer]], io());
  assert.deepEqual([created.paths, created.bytes], [[path], 7 * MIB - 123]);
  const content = readFileSync(path);
  assert.equal(content.length, 8 * MIB);
  assert.ok(content.subarray(0, mine.length).equals(mine));
  assert.ok(deflateSync(content.subarray(mine.length)).length > 0.999 * 7 * MIB);
  assert.ok(statSync(path).blocks * 512 >= 8 * MIB);
  created.remove();
  assert.equal(statSync(path).size, 8 * MIB);
});

test('an abort undoes everything and rejects with its reason', async (t) => {
  const folder = scratchFolder(t);
  const old = join(folder, 'old');
  writeFileSync(old, 'old');
  const reason = new Error('stopped');
  const files = [
    [
      target(join(folder, 'a'), 5 * MIB),
      target(join(folder, 'kept'), 5 * MIB, { remove: false }),
      target(old, 20 * MIB, { remove: false }),
    ],
  ];
  for (const abortAtBytes of [1, 6 * MIB, 15 * MIB, 30 * MIB - 3]) {
    const controller = new AbortController();
    const onProgress = (done: number) => {
      if (done >= abortAtBytes) controller.abort(reason);
    };
    await assert.rejects(layOut(files, io({ signal: controller.signal, onProgress })), (e) => e === reason);
    assert.deepEqual(readdirSync(folder), ['old'], `aborted at ${abortAtBytes}`);
    assert.equal(readFileSync(old, 'utf8'), 'old');
  }
  await assert.rejects(layOut(files, io({ signal: AbortSignal.abort(reason) })), (e) => e === reason);
  assert.deepEqual(readdirSync(folder), ['old']);
});

test('a full disk (tmpfs): one line, and everything removed', { skip: skipUnless('root') }, async (t) => {
  const folder = mount(t, '-t', 'tmpfs', '-o', 'size=8m', 'none');
  const files = ['a', 'b', 'c'].map((name) => target(join(folder, name), 3 * MIB));
  await rejected(
    layOut([files], io()),
    /^the disk is full: laying out .*\/c failed; all files need 9 MiB, 8 MiB are free \(use a smaller --size/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('a full disk (ext4): the longer file has its old length', {
  skip: skipUnless('root', 'loop', 'ext4'),
}, async (t) => {
  const { device } = loopDevice(t, 16 * MIB);
  run('mkfs.ext4', '-q', device);
  const folder = mount(t, device);
  const mine = join(folder, 'mine');
  writeFileSync(mine, 'mine');
  const files = [target(join(folder, 'new'), MIB), target(mine, 64 * MIB, { remove: false })];
  await rejected(
    layOut([files], io()),
    /the disk is full: laying out .*\/mine failed; all files need 65 MiB/,
  );
  assert.deepEqual(readdirSync(folder).sort(), ['lost+found', 'mine']);
  assert.equal(readFileSync(mine, 'utf8'), 'mine');
});

test('a file that appears after the checks is not ours', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'b'), 'theirs');
  await rejected(
    layOut([[target(join(folder, 'a'), 4096), target(join(folder, 'b'), 4096)]], io()),
    /b has appeared since it was checked/,
  );
  assert.deepEqual(readdirSync(folder), ['b']);
  assert.equal(readFileSync(join(folder, 'b'), 'utf8'), 'theirs');
});

test('an error that is not about space is a failed run', async (t) => {
  const folder = join(scratchFolder(t), 'gone');
  await assert.rejects(
    layOut([[target(join(folder, 'a'), 4096)]], io()),
    (error) =>
      error instanceof BenchError &&
      error.kind === 'failed' &&
      /cannot lay out .*no such file/.test(error.message),
  );
});

test('remove: what is gone or somebody else’s is left', async (t) => {
  const folder = scratchFolder(t);
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const created = await layOut([[target(a, 4096), target(b, 4096)]], io());
  rmSync(a);
  writeFileSync(`${b}-new`, 'theirs');
  run('mv', `${b}-new`, b);
  created.remove();
  assert.deepEqual(readdirSync(folder), ['b']);
});

test('a relative path is removed after the working directory has changed', async (t) => {
  const folder = scratchFolder(t);
  const before = process.cwd();
  try {
    process.chdir(folder);
    const created = await layOut([[target('a', 4096)]], io());
    mkdirSync('elsewhere');
    process.chdir('elsewhere');
    created.remove();
    assert.ok(!existsSync(join(folder, 'a')));
  } finally {
    process.chdir(before);
  }
});

test('O_DIRECT is tried before anything is written (ramfs)', { skip: skipUnless('root') }, async (t) => {
  const folder = mount(t, '-t', 'ramfs', 'none');
  const progress: number[] = [];
  await rejected(
    layOut(
      [[target(join(folder, 'a'), MIB)]],
      io({ direct: true, onProgress: (done) => progress.push(done) }),
    ),
    /\(ramfs\) does not support O_DIRECT \(use --buffered\)/,
  );
  assert.deepEqual([readdirSync(folder), progress], [[], []]);
});

test('a process that exits meanwhile leaves nothing', async (t) => {
  const folder = scratchFolder(t);
  const old = join(folder, 'old');
  writeFileSync(old, 'old');
  const script = join(scratchFolder(t), 'exits.mts');
  const file = (path: string, remove: boolean) => inspect(target(path, 16 * MIB, { remove }));
  writeFileSync(
    script,
    `import { layOut } from ${JSON.stringify(new URL('./layout.ts', import.meta.url).href)};
     const files = [[${file(join(folder, 'a'), true)}, ${file(old, false)}]];
     const onProgress = (done) => { if (done >= ${20 * MIB}) process.exit(7); };
     await layOut(files, { direct: false, dropCache() {}, makeRoom() {}, onProgress });`,
  );
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  assert.deepEqual(await once(child, 'exit'), [7, null]);
  assert.deepEqual(readdirSync(folder), ['old']);
  assert.equal(readFileSync(old, 'utf8'), 'old');
});
