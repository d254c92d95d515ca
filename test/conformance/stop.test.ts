/** A signal ends a run at once, and what was done until then is kept. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { EXIT } from '../../src/errors.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { backendOf, type Ended, type Running, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, diskLoop, filesIn, noDisk } from '../support/disk.ts';
import { jobsAtWork } from '../support/proc-watch.ts';
import { parseResult } from '../support/result.ts';
import { skipUnless } from '../support/scratch.ts';
import { mainOf, plainOf, variantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const LIMIT_MS = 1000;
/** On a machine that is busy otherwise a second may pass without the tool's doing. */
const TRIES = 3;

interface Stopped extends Ended {
  folder: string;
}

/**
 * Starts a run, waits until it is under way, and sends a signal: it must end within a second, with the exit
 * code that shells give for that signal.
 */
async function stopped(
  t: TestContext,
  args: readonly string[],
  signal: 'SIGINT' | 'SIGTERM',
  underWay: (running: Running, folder: string) => Promise<void>,
): Promise<Stopped> {
  for (let tries = 1; ; tries++) {
    const folder = diskFolder(t);
    const running = startBench(folder, args);
    await underWay(running, folder);
    const at = performance.now();
    running.kill(signal);
    const ended = await running.ended;
    const tookMs = performance.now() - at;
    assert.equal(ended.code, signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm, ended.stderr);
    assert.doesNotMatch(ended.stderr, /this is a bug|^ +at /m);
    if (tookMs < LIMIT_MS) return { ...ended, folder };
    assert.ok(tries < TRIES, `took ${tookMs} ms`);
  }
}

/** Waits until jobs have been at work for some time. */
function atWorkFor(ms: number): (running: Running) => Promise<void> {
  return async ({ pid }) => {
    await jobsAtWork(pid);
    await setTimeout(ms);
  };
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
  ...plainOf(readers).map(({ label }) => ({ label, signal: 'SIGINT', isolation: 'worker' }) as const),
];

/** Not when it only waits for its parent to take note of its end. */
function isAlive(pid: string): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

for (const { label, signal, isolation } of cases) {
  test(`${label}: ${signal} at depth 256, --isolation ${isolation}`, { skip: noDisk }, async (t) => {
    const workload = ['--iodepth', '256', '--numjobs', '2', '--size', '16m', '--runtime', '30'];
    const args = ['--backend', label, '--isolation', isolation, ...workload, '--output-format', 'json'];
    const { folder, stdout } = await stopped(t, args, signal, atWorkFor(300));
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

const completeOf = ({ backends }: RunResult): number =>
  backends.flatMap(({ trials }) => trials.filter(({ status }) => status === 'complete')).length;

/** Waits until a trial has ended and is stored: how long that takes is the machine's to say. */
async function trialStored(_: Running, folder: string): Promise<void> {
  const stored = (): number => {
    const name = filesIn(folder).find((one) => /^results\/[^.].*\.json$/.test(one));
    const text = name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
    return text === '' ? 0 : completeOf(parseResult(text));
  };
  while (stored() === 0) await setTimeout(20);
}

test('a signal between trials keeps those before it', { skip: noDisk }, async (t) => {
  const args = ['--backend', 'sync,io_uring', '--trials', '20', '--runtime', '200ms', '--size', '4m'];
  const { folder, stdout } = await stopped(t, [...args, '--output-format', 'json'], 'SIGINT', trialStored);
  const result = parseResult(stdout);
  assert.equal(result.status, 'interrupted');
  const complete = completeOf(result);
  assert.ok(complete >= 1 && complete < 40, `${complete} complete trials`);
  assert.deepEqual(parseResult(storedIn(folder)), result);
});

test('a signal while files are laid out leaves nothing', { skip: noDisk }, async (t) => {
  const args = ['--backend', 'sync', '--size', '3g', '--output-format', 'json'];
  const { folder, stdout } = await stopped(t, args, 'SIGINT', async (_, folder) => {
    while (!existsSync(join(folder, 'uring-bench.0.0'))) await setTimeout(10);
    await setTimeout(100);
  });
  assert.deepEqual(filesIn(folder), []);
  if (stdout !== '') assert.equal(parseResult(stdout).status, 'interrupted');
});

const THROTTLE = '/sys/fs/cgroup/blkio/blkio.throttle.read_iops_device';
const noThrottle = firstReason(
  noDisk,
  skipUnless('root', 'loop'),
  !existsSync(THROTTLE) && `needs ${THROTTLE}`,
);

/** A group of processes for which a device does two reads a second. */
function slowGroup(t: TestContext, device: string): string {
  const { rdev } = statSync(device);
  const group = mkdtempSync('/sys/fs/cgroup/blkio/uring-bench-test-');
  const limit = (iops: number) =>
    writeFileSync(join(group, 'blkio.throttle.read_iops_device'), `${rdev >> 8}:${rdev & 0xff} ${iops}`);
  limit(2);
  t.after(async () => {
    limit(0); // what is still in flight gets done
    for (const deadline = Date.now() + 5000; Date.now() < deadline; await setTimeout(50)) {
      if (readFileSync(join(group, 'cgroup.procs'), 'utf8') === '') break;
    }
    rmdirSync(group);
  });
  return group;
}

test('a second signal does not wait for a device that hangs', { skip: noThrottle }, async (t) => {
  const { device } = diskLoop(t, 2 ** 20);
  const group = slowGroup(t, device);
  const under = ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group];
  const args = [
    '--backend',
    'io_uring',
    '--filename',
    device,
    '--iodepth',
    '64',
    '--runtime',
    '30',
    '--no-save',
  ];
  const running = startBench(diskFolder(t), args, { under });
  await atWorkFor(500)(running);
  running.kill('SIGINT');
  await running.said(/once more to end at once/);
  const first = await Promise.race([running.ended, setTimeout(1000, null)]);
  assert.equal(first, null, 'there are reads in flight for half a minute');
  const at = performance.now();
  running.kill('SIGINT');
  const { signal } = await running.ended;
  assert.equal(signal, 'SIGINT', 'as the shell expects of what a Ctrl-C has ended');
  assert.ok(performance.now() - at < 3 * LIMIT_MS, `took ${performance.now() - at} ms`);
});

test('files that the user named are kept', { skip: noDisk }, async (t) => {
  const path = dataFile(join(diskFolder(t), 'mine'), 2 ** 20);
  const args = ['--filename', path, '--backend', 'sync', '--runtime', '30', '--no-save'];
  const { folder } = await stopped(t, args, 'SIGTERM', atWorkFor(50));
  assert.deepEqual(filesIn(folder), []);
  assert.ok(existsSync(path));
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
