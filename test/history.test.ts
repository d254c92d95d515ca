/** `uring-bench history`: what it says of runs over weeks, byte for byte for people, and every run for programs. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { historiesOf, historyMetric } from '../src/compare/history.ts';
import { EXIT } from '../src/errors.ts';
import { HISTORY_FORMATS, renderHistories } from '../src/report/formats/history.ts';
import { displayWidth } from '../src/report/text/text.ts';
import type { RunResult } from '../src/results/schema.ts';
import { estimate } from '../src/stats/difference.ts';
import { randomOf } from '../src/stats/random.ts';
import { fixture } from './fixtures/load.ts';
import { uringBench } from './support/cli.ts';
import { matchesGolden } from './support/golden.ts';
import { scratchFolder } from './support/scratch.ts';
import { syntheticRun } from './support/synthetic-run.ts';

const DAY_MS = 86_400_000;
const FIRST = Date.parse('2026-06-01T04:00:00.000Z');

interface Day {
  iops: number;
  change?: (run: RunResult) => void;
}

/** A run a day of two backends, sync always the same; runs and trials differ by a few percent. */
function runsOf(days: readonly Day[], seed = 11n): RunResult[] {
  const random = randomOf(seed);
  const noise = (): number => 1 + (random() - 0.5) * 0.02;
  return days.map(({ iops, change }, day) => {
    const trials = (level: number) => {
      const own = level * noise();
      return Array.from({ length: 6 }, () => own * noise());
    };
    const started = new Date(FIRST + day * DAY_MS).toISOString();
    const { summary } = fixture('single').backends[0] as RunResult['backends'][number];
    const levels: Record<string, number[]> = { io_uring: trials(iops), sync: trials(40_000) };
    const run = syntheticRun(levels, { started_at: started });
    for (const backend of run.backends)
      if (summary !== null) backend.summary = { ...summary, iops: estimate(levels[backend.label] ?? []) };
    change?.(run);
    return run;
  });
}

/** Slower from the 13th run on, when the kernel was a new one; firmware of the drive changed without effect. */
function weeks(): RunResult[] {
  const days = Array.from({ length: 24 }, (_, day): Day => {
    const change = (run: RunResult) => {
      if (day >= 12) run.environment.kernel = '6.12.4-generic';
      for (const file of run.environment.files) file.firmware = day < 17 ? 'E201' : 'E210';
    };
    return { iops: day < 12 ? 182_000 : 164_000, change };
  });
  return runsOf(days);
}

const historic = (runs: readonly RunResult[]) => runs.map((run, at) => ({ path: `r/${at}.json`, run }));
const rendered = (format: 'table' | 'markdown' | 'csv' | 'json', columns = 100) =>
  renderHistories(historiesOf(historic(weeks()), historyMetric('iops')), 24, format, {
    color: false,
    columns,
  });

describe('a history', () => {
  it('is of each workload and variant, in the order of time, whatever the order of the files', () => {
    const runs = weeks();
    const [uring, sync, ...others] = historiesOf(historic([...runs].reverse()), historyMetric('iops'));
    assert.deepEqual(others, []);
    assert.deepEqual([uring?.label, sync?.label], ['io_uring', 'sync']);
    const times = uring?.points.map(({ started_at: at }) => at) ?? [];
    assert.deepEqual(times, [...times].sort());
    assert.equal(times.length, 24);
  });

  it('has the change where it was, with what changed beside it', () => {
    const [uring, sync] = historiesOf(historic(weeks()), historyMetric('iops'));
    assert.deepEqual(
      uring?.changes.map(({ at }) => at),
      [12],
    );
    const [change] = uring?.changes ?? [];
    assert.ok(change && change.ratio > 0.88 && change.ratio < 0.92, JSON.stringify(change));
    assert.deepEqual(
      uring?.points[12]?.events.map(({ name, after }) => [name, after]),
      [['kernel', '6.12.4-generic']],
    );
    assert.deepEqual(
      uring?.points[17]?.events.map(({ name, before, after }) => [name, before, after]),
      [['firmware', 'E201', 'E210']],
    );
    assert.deepEqual(sync?.changes, []);
  });

  it('is of one host each where hosts take turns, and of both where one follows the other', () => {
    const host = (name: (day: number) => string) =>
      runsOf(
        Array.from({ length: 8 }, (_, day) => ({
          iops: 1000,
          change: (run: RunResult) => {
            run.environment.hostname = name(day);
          },
        })),
      );
    const hosts = (runs: RunResult[]) =>
      historiesOf(historic(runs), historyMetric('iops')).map(({ label, host: of }) => `${label} ${of}`);
    assert.deepEqual(hosts(host((day) => (day % 2 ? 'a' : 'b'))), [
      'io_uring b',
      'io_uring a',
      'sync b',
      'sync a',
    ]);
    assert.deepEqual(hosts(host((day) => (day < 4 ? 'a' : 'b'))), ['io_uring null', 'sync null']);
  });

  it('never mixes a closed loop with rates, or with what a search of the rate found', () => {
    const given = [{}, { 'rate-iops': 500 }, { 'rate-iops': 900 }, { 'latency-target': 'p99:500us' }];
    const runs = runsOf(given.map(() => ({ iops: 1000 })));
    for (const [at, run] of runs.entries()) {
      const [job] = run.jobs;
      if (job) job.options = { ...job.options, ...given[at] };
    }
    const workloads = historiesOf(historic(runs), historyMetric('iops')).map(({ workload }) => workload);
    assert.equal(new Set(workloads).size, given.length);
    assert.ok(workloads.some((name) => name.endsWith('rate-iops=500')));
    assert.ok(workloads.some((name) => name.endsWith('latency-target=p99:500us')));
  });

  it('counts a run that stands in several files once, and none that failed', () => {
    const [run, failed] = runsOf([{ iops: 1 }, { iops: 1 }]) as [RunResult, RunResult];
    for (const backend of failed.backends) backend.status = 'failed';
    const histories = historiesOf(historic([run, run, failed]), historyMetric('iops'));
    assert.deepEqual(
      histories.map(({ points }) => points.length),
      [1, 1],
    );
  });

  it('refuses a metric that summaries do not hold', () => {
    assert.throws(() => historyMetric('slat_mean'), /summaries.*do not hold it/);
  });
});

const golden = new Map<string, () => string>([
  ...[100, 60].map((columns) => [`history-${columns}.txt`, () => rendered('table', columns)] as const),
  ['history.md', () => rendered('markdown')],
]);
for (const [name, make] of golden) it(`golden ${name}`, () => matchesGolden(name, make()));

it('no line of a table is wider than the terminal', () => {
  for (let columns = 40; columns <= 160; columns += 20)
    for (const line of rendered('table', columns).split('\n'))
      assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
});

function folderOf(t: TestContext): string {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'ci'));
  for (const [at, run] of weeks().entries())
    writeFileSync(
      join(folder, 'ci', `${at}.json`),
      JSON.stringify({ ...run, labels: { branch: at === 3 ? 'try' : 'main' } }),
    );
  writeFileSync(join(folder, 'ci', 'broken.json'), '{ no');
  return folder;
}

describe('uring-bench history', () => {
  it('reads a folder, takes conditions and gives every run to programs', (t) => {
    const cwd = folderOf(t);
    const json = uringBench(['history', 'ci', '--where=branch=main', '--output-format=json'], { cwd });
    assert.equal(json.code, EXIT.ok, json.stderr);
    assert.match(json.stderr, /broken\.json is not JSON/);
    const { histories } = JSON.parse(json.stdout);
    assert.deepEqual(
      histories.map((one: { label: string; points: unknown[] }) => [one.label, one.points.length]),
      [
        ['io_uring', 23],
        ['sync', 23],
      ],
    );
    assert.equal(histories[0].changes[0].at, 11);
    const only = uringBench(
      ['history', 'ci', '--where=backend=io_uring', '--metric=iops,lat_p99', '--output-format=csv'],
      { cwd },
    );
    const lines = only.stdout.trimEnd().split('\n');
    assert.equal(lines.length, 1 + 2 * 24);
    const heads = lines[0]?.split(',') ?? [];
    assert.match(lines[13]?.split(',')[heads.indexOf('change_pct')] ?? '', /^-(9|10)\./);
    assert.match(lines[13] ?? '', /kernel .* -> 6\.12\.4-generic/);
  });

  it('says what it cannot do', (t) => {
    const cwd = folderOf(t);
    const wrong = uringBench(['history', 'ci', '--output-format=junit'], { cwd });
    assert.equal(wrong.code, EXIT.usage);
    for (const format of HISTORY_FORMATS) assert.match(wrong.stderr, new RegExp(`\\b${format}\\b`));
    const none = uringBench(['history', 'ci', '--where=bs=3k'], { cwd });
    assert.deepEqual([none.code, none.stdout], [EXIT.ok, '']);
    assert.match(none.stderr, /nothing found in 24 results/);
  });
});
