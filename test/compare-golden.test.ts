/** What users see of a comparison, byte for byte as in test/golden. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { OutputFormat } from '../src/options/output.ts';
import { renderComparison } from '../src/report/formats/index.ts';
import { displayWidth } from '../src/report/text/text.ts';
import type { ComparisonReport, RenderOptions } from '../src/report/view/format-spec.ts';
import { fixture } from './fixtures/load.ts';
import { changedRun, comparisonReport } from './support/comparison.ts';
import { goldenFiles, matchesGolden } from './support/golden.ts';
import { syntheticRun } from './support/synthetic-run.ts';

const plain: RenderOptions = { color: false, columns: 100 };

const STEADY = [100_000, 101_500, 98_700, 100_200, 99_900];
const START = '2026-11-22T13:05:09.412Z';

/** A regression, an improvement, no change, and too few trials. */
function judged(): ComparisonReport {
  const run = (factors: readonly number[], startedAt: string) => {
    const [uring = 1, enhanced = 1, aio = 1, sync = 1] = factors;
    const scaled = (factor: number) => STEADY.map((iops) => iops * factor);
    return syntheticRun(
      {
        io_uring: scaled(uring),
        'io_uring+fixedbufs+registerfiles': scaled(1.2 * enhanced),
        'linux-aio': scaled(0.95 * aio),
        sync: scaled(0.2 * sync).slice(0, 3),
      },
      { started_at: startedAt },
    );
  };
  const after = run([0.89, 1.04, 0.999, 0.9], '2026-11-23T09:00:00.000Z');
  after.environment.kernel = '6.9.0-1-generic';
  return comparisonReport({
    baseline: [run([1, 1, 1, 1], START)],
    candidate: [after],
    rules: ['iops<-5%', 'lat_p99>+10%'],
    metrics: ['iops', 'lat_mean', 'lat_p99', 'cpu_per_io'],
  });
}

/** A run against itself, with all that is measured. */
function unchanged(): ComparisonReport {
  const run = fixture('mixed');
  return comparisonReport({ baseline: [run], candidate: [changedRun(run, 1)], rules: ['iops<-5%'] });
}

const golden = new Map<string, () => string>();
const add = (name: string, report: () => ComparisonReport, format: OutputFormat, options = plain) =>
  golden.set(name, () => renderComparison(report(), format, options));
for (const columns of [140, 100, 60])
  add(`compare-judged-${columns}.txt`, judged, 'table', { ...plain, columns });
add('compare-unchanged-100.txt', unchanged, 'table');
add('compare-judged.md', judged, 'markdown');
add('compare-judged.csv', judged, 'csv');
add('compare-judged.xml', judged, 'junit');

for (const [name, make] of golden) {
  test(`golden ${name}`, () => {
    matchesGolden(name, make());
  });
}

test('every golden file has its test', () => {
  const files = goldenFiles().filter((file) => file.startsWith('compare-'));
  assert.deepEqual(files.sort(), [...golden.keys()].sort());
});

test('no line of a table is wider than the terminal', () => {
  for (const report of [judged(), unchanged()]) {
    for (let columns = 40; columns <= 180; columns += 10) {
      for (const line of renderComparison(report, 'table', { ...plain, columns }).split('\n')) {
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
        assert.doesNotMatch(line, / $/);
      }
    }
  }
});

test('colours are the only difference that they make', () => {
  const colored = renderComparison(judged(), 'table', { ...plain, color: true });
  assert.ok(colored.includes('\u001b[31m'), 'what got worse is red');
  assert.equal(stripVTControlCharacters(colored), renderComparison(judged(), 'table', plain));
});

test('json is the comparison', () => {
  const report = judged();
  assert.deepEqual(JSON.parse(renderComparison(report, 'json', plain)), report.comparison);
});

test('names of a hostile file cannot reach the terminal or break a table', () => {
  const evil = 'a\u001b[2Jb|c\r\nd';
  const run = fixture('comparison');
  for (const backend of run.backends) backend.label = evil;
  run.environment.hostname = evil;
  const other = changedRun(run, 0.9);
  other.environment.kernel = evil;
  const report = comparisonReport({ baseline: [run], candidate: [other], rules: ['iops<-5%'] });
  const table = renderComparison(report, 'table', plain);
  assert.ok(!table.includes('\u001b') && !table.includes('\r'));
  const markdown = renderComparison(report, 'markdown', plain);
  assert.ok(!markdown.includes('\u001b'));
  for (const block of markdown.split('\n\n').filter((text) => text.startsWith('| '))) {
    const bars = block.split('\n').map((line) => line.match(/(?<!\\)\|/g)?.length);
    assert.deepEqual(new Set(bars).size, 1, block);
  }
});
