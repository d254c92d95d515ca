import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { rejected } from '../../test/support/refused.ts';
import { asNobody, mount, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { BenchError } from '../errors.ts';
import { captureEnvironment } from '../host/environment.ts';
import { parseResult } from './read.ts';
import type { RunResult } from './schema.ts';
import { openResultFile, reopenResultFile } from './store.ts';

const STARTED = new Date('2026-11-22T13:05:09.123Z');

/** A result that fits the schema; padding makes it as long as one wants. */
async function result(padding = ''): Promise<RunResult> {
  return {
    schema_version: 2,
    tool: { name: 'uring-bench', version: '0.1.0' },
    status: 'interrupted',
    started_at: STARTED.toISOString(),
    finished_at: null,
    command_line: ['uring-bench', padding],
    environment: await captureEnvironment([], { clock: 'tsc', tscHz: null, library: 'x', glibc: null }),
    jobs: [],
    reference: null,
    backends: [],
    validity: null,
    warnings: [],
  };
}

test('the name says when and what; the folder is made', async (t) => {
  const dir = join(scratchFolder(t), 'a/results');
  const file = await openResultFile(dir, STARTED, 'randread-4k');
  assert.equal(file.path, join(dir, '2026-11-22T13-05-09Z-randread-4k.json'));
  assert.deepEqual(readdirSync(dir), ['2026-11-22T13-05-09Z-randread-4k.json']);
});

test('any job name makes a plain file name in the folder', async (t) => {
  const dir = scratchFolder(t);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (name) => {
      const file = await openResultFile(dir, STARTED, name);
      file.discard();
      const base = file.path.slice(dir.length + 1);
      assert.match(base, /^2026-11-22T13-05-09Z(-[A-Za-z0-9._+-]{1,80})?\.json$/);
      assert.doesNotMatch(base, /-\./);
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(readdirSync(dir), []);
});

test('runs that start in the same second get a file each', async (t) => {
  const dir = scratchFolder(t);
  const files = await Promise.all(Array.from({ length: 12 }, () => openResultFile(dir, STARTED, 'j')));
  assert.equal(new Set(files.map(({ path }) => path)).size, 12);
  for (const [index, file] of files.entries()) file.write(await result(String(index)));
  for (const [index, { path }] of files.entries()) {
    assert.equal(parseResult(readFileSync(path, 'utf8'), path).command_line[1], String(index));
  }
  assert.equal(readdirSync(dir).length, 12);
});

test('each write replaces the file by a new one, whole, with nothing beside it', async (t) => {
  const dir = scratchFolder(t);
  const file = await openResultFile(dir, STARTED, 'j');
  file.write(await result('first'));
  const before = statSync(file.path).ino;
  const second = await result('second');
  file.write(second);
  assert.notEqual(statSync(file.path).ino, before);
  assert.deepEqual(parseResult(readFileSync(file.path, 'utf8'), file.path), second);
  assert.deepEqual(readdirSync(dir), [file.path.slice(dir.length + 1)]);
});

test('a result that is there already is kept until it is written anew', async (t) => {
  const dir = scratchFolder(t);
  const path = join(dir, 'mine.json');
  writeFileSync(path, JSON.stringify(await result('first')));
  symlinkSync('mine.json', join(dir, 'link.json'));
  const file = reopenResultFile(join(dir, 'link.json'));
  assert.equal(parseResult(readFileSync(path, 'utf8'), path).command_line[1], 'first');
  file.write(await result('second'));
  assert.equal(parseResult(readFileSync(path, 'utf8'), path).command_line[1], 'second');
  assert.deepEqual(readdirSync(dir).sort(), ['link.json', 'mine.json']);
  await rejected(
    (async () => reopenResultFile(join(dir, 'none.json')))(),
    /cannot write .*none\.json anew: no such file or directory/,
  );
});

test('killed at any moment, it leaves a whole result', async (t) => {
  const dir = scratchFolder(t);
  const script = join(dir, 'writer.mts');
  const store = new URL('./store.ts', import.meta.url).href;
  const template = join(dir, 'template.json');
  writeFileSync(template, JSON.stringify(await result('x'.repeat(200_000))));
  writeFileSync(
    script,
    `import { readFileSync } from 'node:fs';
     import { openResultFile } from ${JSON.stringify(store)};
     const result = JSON.parse(readFileSync(${JSON.stringify(template)}, 'utf8'));
     const file = await openResultFile(${JSON.stringify(join(dir, 'out'))}, new Date(0), 'j');
     file.write(result);
     console.log(file.path);
     for (;;) file.write(result);`,
  );
  for (const delayMs of [1, 7, 20]) {
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [path] = await once(child.stdout.setEncoding('utf8'), 'data');
    await sleep(delayMs);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const name = String(path).trim();
    assert.equal(parseResult(readFileSync(name, 'utf8'), name).command_line[1]?.length, 200_000);
  }
});

test('a BigInt or a number that JSON lacks is an error that says where, and changes nothing', async (t) => {
  const file = await openResultFile(scratchFolder(t), STARTED, 'j');
  const good = await result();
  file.write(good);
  const job = { name: 'j', numjobs: 1, files: [] };
  for (const [randseed, pattern] of [
    [5n, /result\.jobs\.0\.options\.randseed is a BigInt/],
    [Number.NaN, /randseed is NaN/],
    [Number.POSITIVE_INFINITY, /randseed is Infinity/],
  ] as const) {
    const bad = { ...good, jobs: [{ ...job, options: { randseed } }] };
    assert.throws(() => file.write(bad), { name: 'TypeError', message: pattern });
    assert.deepEqual(parseResult(readFileSync(file.path, 'utf8'), file.path), good);
  }
});

test('discard removes the file, and the folder when that was made for it', async (t) => {
  const folder = scratchFolder(t);
  const made = await openResultFile(join(folder, 'a/b'), STARTED, 'j');
  made.discard();
  assert.deepEqual(readdirSync(folder), []);
  mkdirSync(join(folder, 'mine'));
  (await openResultFile(join(folder, 'mine'), STARTED, 'j')).discard();
  assert.deepEqual(readdirSync(folder), ['mine']);
  const first = await openResultFile(join(folder, 'c'), STARTED, 'j');
  const second = await openResultFile(join(folder, 'c'), STARTED, 'j');
  first.discard();
  assert.ok(existsSync(second.path));
});

test('a file in the way', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'f'), 'mine');
  for (const dir of ['f', 'f/below']) {
    await rejected(openResultFile(join(folder, dir), STARTED, 'j'), /cannot store results in/, /in the way/);
  }
  assert.equal(readFileSync(join(folder, 'f'), 'utf8'), 'mine');
});

test('no permission', { skip: skipUnless('nobody') }, async (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o755);
  await rejected(
    asNobody(() => openResultFile(join(folder, 'results'), STARTED, 'j')),
    /permission denied/,
    /--results-dir/,
  );
  mkdirSync(join(folder, 'results'));
  await rejected(
    asNobody(() => openResultFile(join(folder, 'results'), STARTED, 'j')),
    /permission denied/,
  );
  assert.deepEqual(readdirSync(join(folder, 'results')), []);
});

test('a full disk: before the run nothing is left, later the result before stays', {
  skip: skipUnless('root'),
}, async (t) => {
  const folder = mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'none');
  const fill = (bytes: number) => writeFileSync(join(folder, 'filler'), Buffer.alloc(bytes));
  const open = () => openResultFile(join(folder, 'results'), STARTED, 'j');

  fill(2 ** 20 - 32 * 1024);
  await rejected(open(), /no space left on device/, /--no-save/);
  assert.deepEqual(readdirSync(folder), ['filler']);

  rmSync(join(folder, 'filler'));
  const file = await open();
  const good = await result();
  file.write(good);
  fill(2 ** 20 - 64 * 1024);
  const tooLong = await result('x'.repeat(200_000));
  assert.throws(
    () => file.write(tooLong),
    (error) => error instanceof BenchError && error.kind === 'failed' && /no space left/.test(error.message),
  );
  assert.deepEqual(parseResult(readFileSync(file.path, 'utf8'), file.path), good);
  assert.deepEqual(readdirSync(join(folder, 'results')).length, 1);
});

/** Lets fsync of folders fail for as long as the test lasts. */
function refuseFolders(t: TestContext): void {
  const real = fs.fsyncSync;
  t.mock.method(fs, 'fsyncSync', (fd: number) => {
    if (fs.fstatSync(fd).isDirectory()) {
      throw Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'fsync' });
    }
    real(fd);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

test('a result whose folder could not be flushed is there, and is said to be', async (t) => {
  const dir = join(scratchFolder(t), 'results');
  const file = await openResultFile(dir, STARTED, 'j');
  refuseFolders(t);
  const good = await result();
  assert.throws(() => file.write(good), /j\.json is written, but a loss of power may take it back: /);
  assert.deepEqual(parseResult(readFileSync(file.path, 'utf8'), file.path), good);
  assert.deepEqual(
    readdirSync(dir).map((name) => join(dir, name)),
    [file.path],
    'and no marker would have it removed',
  );
});

test('a result with another name is written where it is, and what became of it is said', {
  skip: skipUnless('root'),
}, async (t) => {
  const folder = mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'none');
  const path = join(folder, 'j.json');
  writeFileSync(path, JSON.stringify(await result()));
  fs.linkSync(path, join(folder, 'other.json'));
  const file = reopenResultFile(path);
  const tooLong = await result('x'.repeat(2 ** 21));
  assert.throws(() => file.write(tooLong), /cannot write [^ ]*j\.json, which is no longer whole: /);
});

test('what is saved often is written once a second, the last of it always', async (t) => {
  const file = await openResultFile(scratchFolder(t), STARTED, 'often');
  const stored = () => (JSON.parse(readFileSync(file.path, 'utf8')) as RunResult).command_line[1];
  const results = await Promise.all(['1', '2', '3', '4', '5'].map(result));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const save = (at: number) => file.save(results[at] as RunResult);
  save(0);
  assert.equal(stored(), '1', 'the first at once');
  save(1);
  t.mock.timers.tick(400);
  save(2);
  assert.equal(stored(), '1');
  t.mock.timers.tick(600);
  assert.equal(stored(), '3', 'the newest when the second is over');
  save(3);
  file.write(results[4] as RunResult);
  t.mock.timers.tick(5000);
  assert.equal(stored(), '5', 'nothing old is written over what was written meanwhile');
  save(0);
  assert.equal(stored(), '1', 'after a pause at once again');
});

test('what waits to be written is written when the process exits', async (t) => {
  const file = await openResultFile(scratchFolder(t), STARTED, 'exit');
  file.save(await result('1'));
  const before = process.listenerCount('exit');
  file.save(await result('2'));
  const [last] = process.listeners('exit').slice(-1);
  last?.(0);
  assert.equal((JSON.parse(readFileSync(file.path, 'utf8')) as RunResult).command_line[1], '2');
  file.write(await result('3'));
  assert.ok(process.listenerCount('exit') < before, 'nothing is left to do then');
});

test('a save that nobody was there to hear of fails the next one', async (t) => {
  const dir = join(scratchFolder(t), 'gone');
  const file = await openResultFile(dir, STARTED, 'late');
  const value = await result();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  file.save(value);
  file.save(value);
  rmSync(dir, { recursive: true });
  t.mock.timers.tick(1000);
  assert.throws(() => file.save(value), BenchError);
});
