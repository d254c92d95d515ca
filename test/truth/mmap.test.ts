/** Page faults as the kernel counts them for a whole process, and the calls of a job that reads a mapping. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { near } from '../support/result.ts';
import { noStrace } from '../support/strace.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

const MAPPED = ['--backend=mmap', '--buffered', '--rw=randread', '--trials=1'];
const SIZE_BYTES = 16 * 2 ** 20;
const PAGES = SIZE_BYTES / 4096;

test('between its barrier and its end a job that reads a mapping makes no system call', {
  skip: firstReason(noStrace, noDisk),
}, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), SIZE_BYTES);
  const traces = join(folder, 'strace');
  mkdirSync(traces);
  const under = ['strace', '-ff', '-y', '-o', join(traces, 't')];
  const args = [...MAPPED, '--filename', path, `--number-ios=${PAGES}`, '--isolation=process'];
  const trial = trialOf(await benchResult(folder, args, { under }));
  assert.equal(trial.total_ios, PAGES);
  const jobs = readdirSync(traces)
    .map((file) => readFileSync(join(traces, file), 'utf8'))
    .filter((text) => text.includes('"ub-job-'));
  assert.equal(jobs.length, 1);
  const lines = (jobs[0] ?? '').split('\n');
  const mapped = lines.findIndex((line) => /^mmap\(.*MAP_SHARED, \d+<[^>]*\/data>/.test(line));
  assert.ok(mapped > 0);
  assert.match(lines[mapped + 1] ?? '', /^madvise\(.*MADV_RANDOM\) += 0$/);
  const ended = lines.findIndex((line, at) => at > mapped && /^munmap\(/.test(line));
  const between = lines.slice(mapped + 2, ended).filter((line) => /^[a-z]/.test(line));
  assert.doesNotMatch(between.join('\n'), /^(pread|read\(\d+<[^>]*data|preadv|io_)/m);
  // What is measured at both ends of the window is left.
  assert.ok(between.length < 60, between.join('\n'));
});

/** false, or why perf cannot count page faults here. */
function noPerf(): string | false {
  const missing = needsCommand('perf');
  if (missing) return missing;
  const { status, stderr } = spawnSync('perf', ['stat', '-x,', '-e', 'major-faults', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 && /^\d+,,major-faults/m.test(stderr) ? false : `perf cannot count: ${stderr.trim()}`;
}

test('page faults are those that perf counts of the process', {
  skip: firstReason(noDisk, noPerf()),
}, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), SIZE_BYTES);
  const counted = async (ios: number) => {
    const said = join(folder, `perf-${ios}`);
    const under = ['perf', 'stat', '-x,', '-o', said, '-e', 'major-faults'];
    const args = [...MAPPED, '--filename', path, `--number-ios=${ios}`, ...REPORT];
    const trial = trialOf(resultOf(await startBench(folder, args, { under }).ended));
    const perf = Number(/^(\d+),,major-faults/m.exec(readFileSync(said, 'utf8'))?.[1] ?? Number.NaN);
    return { perf, own: trial.page_faults?.major ?? Number.NaN };
  };
  // What the program itself faults for, warm by now, is in both.
  const few = await counted(64);
  const many = await counted(PAGES);
  assert.deepEqual([few.own, many.own], [64, PAGES]);
  near(many.perf - few.perf, PAGES - 64, 0.01, 'major faults', 20);
});
