/** What users see of explained results, byte for byte. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../src/explain/explain.ts';
import { render } from '../src/report/formats/index.ts';
import { explainView } from '../src/report/text/explain.ts';
import { displayWidth } from '../src/report/text/text.ts';
import type { RenderOptions } from '../src/report/view/format-spec.ts';
import { parseResult } from '../src/results/read.ts';
import type { RunResult } from '../src/results/schema.ts';
import { explainedRun } from './support/explained-run.ts';
import { matchesGolden } from './support/golden.ts';
import { explainContext, rawBlock, rawExplain, rawThread } from './support/synthetic-explain.ts';

const plain: RenderOptions = { color: false, columns: 100 };

/** As it comes back from its file. */
function stored(run: RunResult): RunResult {
  return parseResult(JSON.stringify(run), 'explained.json');
}

const direct = stored(explainedRun({ direct: true, full: false }));
const full = stored(explainedRun({ direct: true, full: true }));
const buffered = stored(explainedRun({ direct: false, full: false }));

const wanted = new Map<string, () => string>([
  ...[100, 80, 60].map((columns): [string, () => string] => [
    `explain-${columns}.txt`,
    () => render(direct, 'table', { ...plain, columns }),
  ]),
  ['explain.md', () => render(direct, 'markdown', plain)],
  ['explain-full-80.txt', () => render(full, 'table', { ...plain, columns: 80 })],
  ['explain-buffered-80.txt', () => render(buffered, 'table', { ...plain, columns: 80 })],
]);

for (const [name, make] of wanted) {
  test(`golden ${name}`, () => {
    matchesGolden(name, make());
  });
}

test('no line is wider than the terminal, none ends in a space', () => {
  for (const run of [direct, full, buffered]) {
    for (let columns = 40; columns <= 160; columns += 5) {
      for (const line of render(run, 'table', { ...plain, columns }).split('\n')) {
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
        assert.doesNotMatch(line, / $/);
      }
    }
  }
});

test('names that the kernel and others chose cannot reach the terminal', () => {
  const evil = 'a\u001b[2Jb|c\r\nd';
  const run = structuredClone(full);
  for (const { explain } of run.backends) {
    const traced = explain?.traced;
    assert.ok(traced);
    for (const row of traced.threads) for (const sleep of row.sleeps) sleep.in = evil;
    for (const interrupt of traced.interrupts) interrupt.vector = evil;
    for (const call of traced.syscalls ?? []) call.name = evil;
    for (const top of traced.samples?.top ?? []) top.function = evil;
    if (traced.io_uring) traced.io_uring.submits = { [evil]: 5 };
    traced.hooks.missing.push({ name: evil, group: evil, reason: evil });
    explain?.sentences.push({ rule: evil, text: evil });
  }
  for (const format of ['table', 'markdown', 'csv', 'openmetrics'] as const) {
    const text = render(run, format, plain);
    assert.ok(!text.includes('\u001b') && !text.includes('\r'), format);
  }
});

test('metrics are in seconds and for each I/O, and add up as the figures do', () => {
  const text = render(direct, 'openmetrics', plain);
  const forced = 'io_uring\\+force_async';
  const value = (name: string, labels: string, backend = 'io_uring\\+fixedbufs\\+registerfiles'): number => {
    const found = new RegExp(
      `^uring_bench_explain_${name}\\{backend="${backend}"[^}]*${labels}\\} (\\S+)$`,
      'm',
    );
    return Number(found.exec(text)?.[1]);
  };
  const total = value('time_seconds', ',part="total"');
  assert.ok(Math.abs(total - 8 / 48_000) < 1e-7, String(total));
  const parts = ['before', 'queue', 'device', 'until_reaped'].map((part) =>
    value('time_seconds', `,part="${part}"`),
  );
  assert.ok(Math.abs(parts.reduce((a, b) => a + b, 0) - total) < 1e-12);
  assert.ok(Number.isNaN(value('time_seconds', ',part="turn"')), 'what is not known is not there');
  assert.equal(value('io_uring_ratio', ',event="punted"', forced), 1);
  assert.equal(value('wakeups_ratio', ',by="softirq"', forced), 1);
  const states = ['run', 'ready', 'sleep'].map((state) =>
    value('threads_ratio', `,threads="iou-wrk",state="${state}"`, forced),
  );
  assert.ok(Math.abs(states.reduce((a, b) => a + b, 0) - 1) < 1e-12);
});

test('of a program that is not ours all words are of block requests', () => {
  const raw = rawExplain({
    block: { ...rawBlock(500, { others: 80 }), lost: 1 },
    threads: [rawThread({ ready_ns: 4e8 }), rawThread({ kind: 'other' })],
    softirqs: [{ vector: 'BLOCK', count: 500, ns: 500_000 }],
  });
  const view = explainView([{ label: '', explain: explain(raw, explainContext({ trial: null })) }]);
  assert.ok(view);
  const text = JSON.stringify(view);
  assert.doesNotMatch(text, /per I\/O|an I\/O|jobs|backend/);
  assert.deepEqual(
    view.chief[0]?.table.map(({ head, cells }) => [head.join(' '), cells[0]?.text]),
    [
      ['requests', '500'],
      ['before', '0.50'],
      ['queue', '2.00'],
      ['device', '80.0'],
      ['at the device', '0.040'],
    ],
  );
  assert.deepEqual(
    view.chief[1]?.table[0]?.cells.map((cell) => cell.text),
    ['did I/O', 'others'],
  );
  assert.deepEqual(view.sentences, [
    'for 40 % of the time threads that do I/O waited for a CPU, ready to run',
  ]);
  assert.deepEqual(view.lines, [
    '80 block requests of others completed meanwhile: write-back and other programs',
    'the end of 1 block request was not seen: counts of requests and interrupts are too small by so many',
  ]);
});

test('of a program that only used the page cache nothing is shown that is not known', () => {
  const explained = explain(rawExplain(), explainContext({ trial: null }));
  const view = explainView([{ label: '', explain: explained }]);
  assert.deepEqual(
    [...(view?.chief ?? []), ...(view?.details ?? [])].map(({ title }) => title),
    ["where the threads' time went (% of it)"],
  );
});
