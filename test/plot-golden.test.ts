/** What --plot draws, byte for byte. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { render } from '../src/report/formats/index.ts';
import { chartTexts } from '../src/report/text/latency-map.ts';
import { rowsOf } from '../src/report/text/rows.ts';
import { fixture } from './fixtures/load.ts';
import { matchesGolden } from './support/golden.ts';
import { longRun } from './support/long-run.ts';

const rows = [...rowsOf(fixture('comparison')), ...rowsOf(longRun(1, 60))];
const drawn = (columns: number, color: boolean, ascii: boolean): string =>
  `${chartTexts(rows, { columns, color, ascii }).join('\n\n')}\n`;

it('golden plot-80.txt', () => matchesGolden('plot-80.txt', drawn(80, false, false)));
it('golden plot-60.txt', () => matchesGolden('plot-60.txt', drawn(60, false, true)));
it('golden plot-color.txt', () => matchesGolden('plot-color.txt', drawn(80, true, false)));

it('stands below the table when it is asked for, and in no other format', () => {
  const result = longRun(1, 60);
  const options = { color: false, columns: 80 };
  const [without, withPlot] = [false, true].map((plot) => render(result, 'table', { ...options, plot }));
  assert.doesNotMatch(without ?? '', /latency by percentile/);
  assert.match(withPlot ?? '', /latency by percentile[\s\S]*latencies over time/);
  for (const format of ['json', 'csv', 'markdown'] as const)
    assert.equal(render(result, format, { ...options, plot: true }), render(result, format, options));
});
