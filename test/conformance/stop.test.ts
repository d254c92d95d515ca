/** A signal ends a run at once, and what was done until then is kept. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { EXIT } from '../../src/errors.ts';
import { backendOf, type Ended, type Running, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { jobsAtWork } from '../support/proc-watch.ts';
import { parseResult } from '../support/result.ts';
import { mainOf, plainOf, variantsFor } from '../support/variants.ts';

const LIMIT_MS = 1000;

/** Sends a signal; the process must end within a second, with the code that shells give for that signal. */
async function stopped(running: Running, signal: 'SIGINT' | 'SIGTERM'): Promise<Ended> {
  const at = performance.now();
  running.kill(signal);
  const ended = await running.ended;
  const tookMs = performance.now() - at;
  assert.ok(tookMs < LIMIT_MS, `took ${tookMs} ms`);
  assert.equal(ended.code, signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm, ended.stderr);
  return ended;
}

/** The one stored result. */
function storedIn(folder: string): string {
  const files = filesIn(folder);
  const [stored, ...others] = files.filter((name) => name.startsWith('results/'));
  assert.ok(
    stored && others.length === 0 && files.length === 2,
    `only the result is left: ${files.join(' ')}`,
  );
  return readFileSync(join(folder, stored), 'utf8');
}

const readers = variantsFor('read');
const cases = [
  ...mainOf(readers).map(({ label }) => ({ label, signal: 'SIGINT', isolation: 'thread' }) as const),
  ...plainOf(readers).map(({ label }) => ({ label, signal: 'SIGTERM', isolation: 'process' }) as const),
];

/** Not when it only waits for its parent to take note of its end. */
function isAlive(pid: string): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

for (const { label, signal, isolation } of cases) {
  test(`${label}: ${signal} at depth 256, --isolation ${isolation}`, { skip: noDisk }, async (t) => {
    const folder = diskFolder(t);
    const workload = ['--iodepth', '256', '--numjobs', '2', '--size', '16m', '--runtime', '30'];
    const args = ['--backend', label, '--isolation', isolation, ...workload, '--output-format', 'json'];
    const running = startBench(folder, args);
    await jobsAtWork(running.pid);
    await setTimeout(300);
    const { stdout } = await stopped(running, signal);
    const result = parseResult(stdout);
    assert.equal(result.status, 'interrupted');
    assert.equal(backendOf(result).status, 'interrupted');
    const { status, total_ios, runtime_ns } = trialOf(result);
    assert.equal(status, 'interrupted');
    assert.ok(total_ios > 0, 'what was done is there');
    assert.ok(runtime_ns > 0.1e9 && runtime_ns < 5e9, `${runtime_ns}`);
    assert.deepEqual(parseResult(storedIn(folder)), result);
  });
}

test('a signal between trials keeps those before it', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const args = ['--backend', 'sync,io_uring', '--trials', '20', '--runtime', '200ms', '--size', '4m'];
  const running = startBench(folder, [...args, '--output-format', 'json']);
  await jobsAtWork(running.pid);
  await setTimeout(900);
  const result = parseResult((await stopped(running, 'SIGINT')).stdout);
  assert.equal(result.status, 'interrupted');
  const complete = result.backends.flatMap(({ trials }) =>
    trials.filter(({ status }) => status === 'complete'),
  );
  assert.ok(complete.length >= 2 && complete.length < 20, `${complete.length} complete trials`);
  assert.deepEqual(parseResult(storedIn(folder)), result);
});

test('a signal while files are laid out leaves nothing', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const running = startBench(folder, ['--backend', 'sync', '--size', '3g', '--output-format', 'json']);
  const path = join(folder, 'uring-bench.0.0');
  while (!existsSync(path)) await setTimeout(10);
  await setTimeout(100);
  const { stderr } = await stopped(running, 'SIGINT');
  assert.deepEqual(filesIn(folder), []);
  assert.doesNotMatch(stderr, /this is a bug|^ +at /m);
});

test('files that the user named are kept', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'mine'), 2 ** 20);
  const running = startBench(folder, [
    '--filename',
    path,
    '--backend',
    'sync',
    '--runtime',
    '30',
    '--no-save',
  ]);
  await jobsAtWork(running.pid);
  await stopped(running, 'SIGTERM');
  assert.deepEqual(filesIn(folder), ['mine']);
});

test('jobs end with a parent that is killed', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const isolated = ['--isolation', 'process', '--numjobs', '2', '--runtime', '30', '--size', '4m'];
  const running = startBench(folder, ['--backend', 'io_uring', ...isolated, '--no-save']);
  await jobsAtWork(running.pid);
  await setTimeout(200);
  const children = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  assert.equal(children.length, 2);
  running.kill('SIGKILL');
  await running.ended;
  await setTimeout(500);
  for (const child of children) assert.ok(!isAlive(child), `job ${child} is still there`);
});
