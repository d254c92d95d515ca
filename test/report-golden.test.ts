/** What users see, compared byte for byte with test/golden. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { loadFormats, render } from '../src/report/formats/index.ts';
import { displayWidth } from '../src/report/text/text.ts';
import type { RenderOptions } from '../src/report/view/format-spec.ts';
import { fixture, fixtureNames, fixtureText } from './fixtures/load.ts';
import { goldenFiles, matchesGolden } from './support/golden.ts';
import { withSeries } from './support/with-series.ts';

const plain: RenderOptions = { color: false, columns: 100 };
const wanted = new Map<string, () => string>();

for (const name of fixtureNames) {
  for (const columns of [100, 80, 60]) {
    wanted.set(`${name}-${columns}.txt`, () => render(fixture(name), 'table', { ...plain, columns }));
  }
  wanted.set(`${name}.md`, () => render(fixture(name), 'markdown', plain));
  wanted.set(`${name}.csv`, () => render(fixture(name), 'csv', plain));
}
wanted.set('comparison-color.txt', () => render(fixture('comparison'), 'table', { ...plain, color: true }));
wanted.set('comparison-160.txt', () => render(fixture('comparison'), 'table', { ...plain, columns: 160 }));
await loadFormats(['html']);
wanted.set('single.html', () => render(fixture('single'), 'html', plain));
wanted.set('mixed-percentiles.txt', () =>
  render(fixture('mixed'), 'table', { ...plain, percentiles: [25, 75, 99.5, 99.999] }),
);

wanted.set('mixed-series.csv', () => render(withSeries(fixture('mixed')), 'series-csv', plain));

for (const [name, make] of wanted) {
  test(`golden ${name}`, () => {
    matchesGolden(name, make());
  });
}

test('every golden file has its test', () => {
  const reports = new Set(fixtureNames.map(String));
  const files = goldenFiles().filter((file) => reports.has(file.split(/[-.]/)[0] ?? ''));
  assert.deepEqual(files.sort(), [...wanted.keys()].sort());
});

test('only the colour file has escape sequences, and it differs by them alone', () => {
  for (const [name, make] of wanted) {
    assert.equal(make().includes('\u001b'), name === 'comparison-color.txt', name);
  }
  const colored = render(fixture('comparison'), 'table', { ...plain, color: true });
  assert.equal(stripVTControlCharacters(colored), render(fixture('comparison'), 'table', plain));
});

test('no line of a table is wider than the terminal, none ends in a space', () => {
  for (const name of fixtureNames) {
    const result = fixture(name);
    for (let columns = 40; columns <= 180; columns += 5) {
      for (const line of render(result, 'table', { ...plain, columns }).split('\n')) {
        assert.ok(displayWidth(line) <= columns, `${name} in ${columns}: ${line}`);
        assert.doesNotMatch(line, / $/);
      }
    }
  }
});

test('a terminal below 40 columns gets 40', () => {
  const narrow = render(fixture('comparison'), 'table', { ...plain, columns: 10 });
  assert.equal(narrow, render(fixture('comparison'), 'table', { ...plain, columns: 40 }));
});

test('json is the stored result', () => {
  for (const name of fixtureNames) {
    const json = render(fixture(name), 'json', plain);
    assert.deepEqual(JSON.parse(json), JSON.parse(fixtureText(name)));
    assert.match(json, /}\n$/);
  }
});

test('file names and reasons of a hostile result cannot reach the terminal or break a table', () => {
  const result = fixture('troubled');
  const evil = 'a\u001b[2Jb|c\r\nd';
  for (const job of result.jobs) job.files = [evil];
  for (const backend of result.backends) {
    backend.label = `${backend.label}+${evil}`;
    backend.reason = evil;
  }
  for (const device of result.environment.files) device.model = evil;
  result.environment.hostname = evil;
  result.warnings.push({ code: 'x', message: evil, variant: null, trial: null });
  const table = render(result, 'table', plain);
  assert.ok(!table.includes('\u001b') && !table.includes('\r'));
  for (const line of table.split('\n')) assert.ok(displayWidth(line) <= 100, line);
  const markdown = render(result, 'markdown', plain);
  assert.ok(!markdown.includes('\u001b'));
  for (const block of markdown.split('\n\n').filter((text) => text.startsWith('| '))) {
    // Bars that are not escaped stand only between cells: each line of a table has as many.
    const bars = block.split('\n').map((line) => line.match(/(?<!\\)\|/g)?.length);
    assert.deepEqual(new Set(bars).size, 1, block);
  }
});
