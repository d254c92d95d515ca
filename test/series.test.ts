/** Several results in one report: whoever charts them sees as many series as were measured, in every format. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { listTags } from 'hdr-histogram-js';
import type { OutputFormat } from '../src/options/output.ts';
import { formats, loadFormats, renderAll, renderComparison } from '../src/report/formats/index.ts';
import type { RenderOptions } from '../src/report/view/format-spec.ts';
import type { RunResult } from '../src/results/schema.ts';
import { fixture } from './fixtures/load.ts';
import { changedRun, comparisonReport } from './support/comparison.ts';
import { withSeries } from './support/with-series.ts';

/** What a result may differ in from another. */
const place = fc.record({
  host: fc.constantFrom('a', 'b', 'a b'),
  kernel: fc.constantFrom('6.1.0', '6.12.9'),
  device: fc.constantFrom('nvme0n1', 'nvme1n1', null),
  model: fc.constantFrom('Fast "SSD"', 'Slow, cheap', null),
  serial: fc.constantFrom('S1', 'S2', null),
  bs: fc.constantFrom(4096, 16384),
  iodepth: fc.constantFrom(1, 32),
  fsync: fc.constantFrom(0, 1),
  randseed: fc.constantFrom('137', '1'),
  labels: fc.constantFrom({}, { disk: 'new' }, { disk: 'old' }, { disk: 'new', cloud: 'x=y' }),
  startedAt: fc.constantFrom('2026-11-22T13:05:09.000Z', '2026-11-23T13:05:09.000Z'),
});

type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;

function resultAt({ host, kernel, device, model, serial, labels, startedAt, ...options }: Place): RunResult {
  const result = fixture('single');
  result.started_at = startedAt;
  result.labels = labels;
  Object.assign(result.environment, { hostname: host, kernel });
  for (const file of result.environment.files) Object.assign(file, { device, model, serial });
  for (const job of result.jobs) Object.assign(job.options, options);
  return withSeries(result);
}

function distinct(texts: Iterable<string>): number {
  return new Set(texts).size;
}

/** Names of the series in a report, as whoever reads the format tells them apart. */
const SERIES: Readonly<Record<OutputFormat, (text: string) => number>> = {
  table: (text) => text.match(/^run .*started/gm)?.length ?? 0,
  markdown: (text) => text.match(/^- \*\*run\*\*/gm)?.length ?? 0,
  html: (text) => Math.max(1, text.match(/<th scope="row">#\d+</g)?.length ?? 0),
  json: (text) => text.match(/^ {2}"schema_version"/gm)?.length ?? 0,
  csv: (text) => distinct(text.match(/\b\d+\.json\b/g) ?? []),
  junit: (text) => distinct(text.match(/<testcase name="[^"]*" classname="[^"]*"/g) ?? []),
  'github-bigger': (text) => distinct((JSON.parse(text) as { name: string }[]).map(({ name }) => name)) / 2,
  'github-smaller': (text) => distinct((JSON.parse(text) as { name: string }[]).map(({ name }) => name)) / 6,
  bencher: (text) => Object.keys(JSON.parse(text)).length,
  openmetrics: (text) => distinct(text.match(/^uring_bench_iops\{.*stat="median"\}/gm) ?? []),
  prometheus: (text) => distinct(text.match(/^uring_bench_iops\{.*stat="median"\}/gm) ?? []),
  influx: (text) => distinct(text.match(/^uring_bench,.*,trial=1,/gm) ?? []),
  gobench(text) {
    const [, ...blocks] = text.split(/^side:/m);
    return distinct(blocks.map((block) => block.replace(/\t.*/g, '')));
  },
  'series-csv': (text) => distinct(text.match(/\b\d+\.json\b/g) ?? []),
  hlog: (text) => listTags(text).length,
};

await loadFormats(['html']);

const plain: RenderOptions = { color: false, columns: 100 };

describe('several results', () => {
  for (const format of Object.keys(formats) as OutputFormat[]) {
    it(`are as many series in ${format}`, () => {
      fc.assert(
        fc.property(fc.array(place, { minLength: 1, maxLength: 5 }), (places) => {
          const results = places.map(resultAt);
          const paths = places.map((_, at) => `${at}.json`);
          assert.equal(SERIES[format](renderAll(results, format, { ...plain, paths })), places.length);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('are named for what tells them apart, and a single one as ever', () => {
    const [a, b] = [fixture('single'), fixture('single')];
    const names = (...results: RunResult[]) => Object.keys(JSON.parse(renderAll(results, 'bencher', plain)));
    assert.deepEqual(names(a), ['io_uring: job1: randread bs=1k iodepth=1 numjobs=1 direct=0']);
    b.environment.hostname = 'other';
    assert.deepEqual(names(a, b), [
      'io_uring: job1: randread bs=1k iodepth=1 numjobs=1 direct=0 [host=bench01]',
      'io_uring: job1: randread bs=1k iodepth=1 numjobs=1 direct=0 [host=other]',
    ]);
    b.labels = { disk: 'new' };
    assert.deepEqual(names(b), [
      'io_uring: job1: randread bs=1k iodepth=1 numjobs=1 direct=0 [label_disk=new]',
    ]);
  });

  it('carry their labels as tags, and those of a comparison are of the candidate', () => {
    const result = { ...fixture('single'), labels: { disk: 'new' } };
    for (const format of ['openmetrics', 'prometheus', 'influx', 'gobench', 'junit'] as const) {
      assert.match(renderAll([result], format, plain), /label[_-]disk/, format);
    }
    const candidate = { ...changedRun(fixture('single'), 0.5), labels: { disk: 'new' } };
    const report = comparisonReport({
      baseline: [fixture('single')],
      candidate: [candidate],
      rules: ['iops<-5%'],
    });
    for (const [format, line] of [
      ['openmetrics', /^uring_bench_check\{.*label_disk="new"/m],
      ['prometheus', /^uring_bench_change_ratio\{.*label_disk="new"/m],
      ['influx', /^uring_bench_check,.*label_disk=new/m],
    ] as const) {
      assert.match(renderComparison(report, format, plain), line);
    }
  });

  it('of one side of a comparison are pooled, as was asked for', () => {
    const runs = [fixture('single'), changedRun(fixture('single'), 1.01)];
    const report = comparisonReport({ baseline: [fixture('single')], candidate: runs });
    const text = renderComparison(report, 'openmetrics', plain);
    assert.equal(text.match(/^uring_bench_trials\{.*\} 2$/gm)?.length, 1);
  });
});
