/** What users see of a search of the highest rate, byte for byte. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { render } from '../src/report/formats/index.ts';
import { targetSentence } from '../src/report/text/latency-target.ts';
import { displayWidth } from '../src/report/text/text.ts';
import { goldenFiles, matchesGolden } from './support/golden.ts';
import { targetResult } from './support/target-run.ts';

const result = targetResult();
const plain = { color: false, columns: 100 };
const wanted = new Map<string, () => string>([
  ['latency-target-100.txt', () => render(result, 'table', plain)],
  ['latency-target-60.txt', () => render(result, 'table', { ...plain, columns: 60 })],
  ['latency-target.md', () => render(result, 'markdown', plain)],
  ['latency-target.csv', () => render(result, 'csv', plain)],
]);
for (const [name, make] of wanted) test(`golden ${name}`, () => matchesGolden(name, make()));

describe('the report of a search', () => {
  it('has no line that is wider than the terminal', () => {
    for (let columns = 40; columns <= 160; columns += 12)
      for (const line of render(result, 'table', { ...plain, columns }).split('\n'))
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
  });

  it('has a golden file for each of its tests', () => {
    const files = goldenFiles().filter((file) => file.startsWith('latency-target'));
    assert.deepEqual(files.sort(), [...wanted.keys()].sort());
  });

  it('says who holds how much, most first', () => {
    const text = targetSentence(result) ?? '';
    assert.match(text, /^\S+ holds 1[56]\d,\d{3} IOPS at p99 <= 500 usec \(missed at 1[56]\d,\d{3}\); /);
    assert.match(text, /holds 3\d,\d{3} IOPS, as much as it can do at all \(40,000 in a closed loop\)|\d/);
    assert.match(text, /keeps it at no rate, not at /);
  });
});
