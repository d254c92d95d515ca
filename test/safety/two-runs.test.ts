/** Two runs in one folder: the second must not measure, nor lose, what the first has made for itself. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { bench, benchFails, resultOf, startBench } from '../support/bench.ts';
import { dataFile, filesIn } from '../support/disk.ts';
import { jobsAtWork } from '../support/proc-watch.ts';
import { scratchFolder } from '../support/scratch.ts';

const SHORT = ['--backend=sync', '--trials=1', '--warmup-trials=0', '--size=1m', '--no-save', '--quiet'];

test('the files of a run that is at work belong to nobody besides', async (t) => {
  const folder = scratchFolder(t);
  const first = startBench(folder, [...SHORT, '--runtime=4', '--output-format=json']);
  await jobsAtWork(first.pid);
  const line = await benchFails(folder, [...SHORT, '--runtime=1'], EXIT.usage);
  const who = new RegExp(
    `uring-bench\\.0\\.0 is a file of another run that is at work \\(pid ${first.pid}, `,
  );
  assert.match(line, who);
  assert.match(line, /\(give this one another --name or --directory\)$/);
  const other = await bench(folder, [...SHORT, '--runtime=100ms', '--name=other']);
  assert.equal(other.code, EXIT.ok, other.stderr);
  assert.equal(resultOf(await first.ended).status, 'complete');
  assert.deepEqual(filesIn(folder), []);
});

test('a named file may be read by several', async (t) => {
  const folder = scratchFolder(t);
  dataFile(join(folder, 'data'), 2 ** 20);
  const args = [...SHORT, '--filename=data', '--output-format=json'];
  const first = startBench(folder, [...args, '--runtime=2']);
  await jobsAtWork(first.pid);
  assert.equal(resultOf(await bench(folder, [...args, '--runtime=100ms'])).status, 'complete');
  assert.equal(resultOf(await first.ended).status, 'complete');
});
