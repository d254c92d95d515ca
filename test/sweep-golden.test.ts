/** What users see of sweeps and of the article's tables, byte for byte. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { render, renderSweep } from '../src/report/formats/index.ts';
import { reportSettings, sweepView } from '../src/report/sweep/sweep-view.ts';
import { displayWidth } from '../src/report/text/text.ts';
import type { ArticleTable } from '../src/results/schema-report.ts';
import { syntheticArticle, syntheticSweep } from './fixtures/synthetic-runs.ts';
import { matchesGolden } from './support/golden.ts';

const sweep = syntheticSweep();
const plain = { color: false, columns: 100 };
const view = sweepView(sweep.report);
const limited = sweepView(
  reportSettings({ 'latency-limit': 'p99:300us', metric: ['iops', 'lat_p99'] }, sweep.report),
);
const wanted = new Map<string, () => string>([
  ['sweep-100.txt', () => renderSweep(sweep, view, 'table', plain)],
  ['sweep-60.txt', () => renderSweep(sweep, limited, 'table', { ...plain, columns: 60 })],
  ['sweep.md', () => renderSweep(sweep, view, 'markdown', plain)],
  ['sweep.csv', () => renderSweep(sweep, view, 'csv', plain)],
]);
const TABLES: readonly ArticleTable[] = ['table1', 'table2', 'table3'];
for (const table of TABLES) {
  const result = syntheticArticle(table);
  wanted.set(`article-${table}-100.txt`, () => render(result, 'table', plain));
  wanted.set(`article-${table}-60.txt`, () => render(result, 'table', { ...plain, columns: 60 }));
  wanted.set(`article-${table}.md`, () => render(result, 'markdown', plain));
}

for (const [name, make] of wanted) {
  test(`golden ${name}`, () => {
    matchesGolden(name, make());
  });
}

describe('reports of sweeps and of the article', () => {
  it('have no line that is wider than the terminal, and none that ends in a space', () => {
    for (let columns = 40; columns <= 160; columns += 12) {
      const texts = [
        renderSweep(sweep, view, 'table', { ...plain, columns }),
        ...TABLES.map((table) => render(syntheticArticle(table, 2), 'table', { ...plain, columns })),
      ];
      for (const line of texts.flatMap((text) => text.split('\n'))) {
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
        assert.doesNotMatch(line, / $/);
      }
    }
  });

  it('shows the stored sweep as JSON', () => {
    assert.deepEqual(JSON.parse(renderSweep(sweep, view, 'json', plain)), JSON.parse(JSON.stringify(sweep)));
  });

  it('lets no name move the cursor', () => {
    const evil = syntheticSweep();
    for (const { result } of evil.points) {
      result.environment.hostname = 'a\u001b[2Jb\r\n';
      for (const backend of result.backends) backend.label = 'x\u001b[2J|y';
    }
    for (const format of ['table', 'markdown'] as const) {
      const text = renderSweep(evil, view, format, plain);
      assert.ok(!text.includes('\u001b') && !text.includes('\r'), format);
    }
  });
});
