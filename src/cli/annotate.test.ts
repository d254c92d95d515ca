import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonReport } from '../../test/support/comparison.ts';
import { syntheticRun } from '../../test/support/synthetic-run.ts';
import { githubLines } from './annotate.ts';

const STEADY = [100_000, 100_500, 99_700, 100_200, 99_900];

function linesOf(factor: number, n: number, inconclusive: 'pass' | 'fail' = 'pass'): string[] {
  const run = (by: number) => syntheticRun({ sync: STEADY.slice(0, n).map((iops) => iops * by) });
  const spec = { baseline: [run(1)], candidate: [run(factor)], rules: ['iops<-5%'], inconclusive };
  return githubLines(comparisonReport(spec).comparison);
}

test('a regression is an error, with its evidence, escaped as GitHub wants it', () => {
  const [line = '', ...others] = linesOf(0.8, 5);
  assert.deepEqual(others, []);
  assert.match(line, /^::error title=regression%3A sync%3A iops<-5%25::sync: iops<-5%25: significant /);
  assert.match(line, /\(-20\.0 %25, 99 %25 interval -2\d\.\d %25 to -1\d\.\d %25\)$/);
});

test('what is undecided is a warning, or an error where it fails; a pass is nothing', () => {
  assert.match(linesOf(0.8, 3)[0] ?? '', /^::warning title=inconclusive/);
  assert.match(linesOf(0.8, 3, 'fail')[0] ?? '', /^::error title=inconclusive/);
  assert.deepEqual(linesOf(1.001, 5), []);
});
