/** Formats for other programs, each read by its own consumer or held against a schema of what it documents. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { HistogramLogReader, listTags } from 'hdr-histogram-js';
import type { OutputFormat } from '../src/options/output.ts';
import { renderAll, renderComparison } from '../src/report/formats/index.ts';
import { printable } from '../src/report/text/text.ts';
import { fixture } from './fixtures/load.ts';
import { cases, comparisonOf, EVIL, forEach, hostile, needs, plain } from './support/format-cases.ts';
import { opsOf } from './support/ops.ts';
import { scratchFolder } from './support/scratch.ts';

const schema = (name: string): string => fileURLToPath(new URL(`./schemas/${name}`, import.meta.url));

describe('json for benchmark trackers', () => {
  const ajv = new Ajv({ strict: true, allErrors: true });
  const compile = (name: string) => ajv.compile(JSON.parse(readFileSync(schema(name), 'utf8')));

  for (const format of ['github-bigger', 'github-smaller'] as const) {
    it(`${format} is what github-action-benchmark reads, each name once`, () => {
      const validate = compile('github-benchmark.schema.json');
      forEach(format, (text, name) => {
        const benches = JSON.parse(text) as { name: string }[];
        assert.ok(validate(benches), `${name}: ${ajv.errorsText(validate.errors)}`);
        assert.equal(new Set(benches.map((bench) => bench.name)).size, benches.length, name);
        assert.ok(benches.length > 0, name);
      });
    });
  }

  it('the two GitHub formats share the metrics: what is better when higher, and the rest', () => {
    const units = (format: OutputFormat) =>
      new Set((JSON.parse(cases[0]?.of(format) ?? '') as { unit: string }[]).map(({ unit }) => unit));
    assert.deepEqual([...units('github-bigger')].sort(), ['B/s', 'io/s']);
    assert.deepEqual([...units('github-smaller')].sort(), ['ctx/io', 'ns', 'ns/io']);
  });

  it('bencher is Bencher Metric Format', () => {
    const validate = compile('bencher.schema.json');
    forEach('bencher', (text, name) => {
      assert.ok(validate(JSON.parse(text)), `${name}: ${ajv.errorsText(validate.errors)}`);
    });
    const benchmarks = JSON.parse(cases[0]?.of('bencher') ?? '') as Record<string, Record<string, object>>;
    const [first] = Object.values(benchmarks);
    const { median, low, high } = fixture('comparison').backends[0]?.summary?.iops ?? {};
    assert.deepEqual(first?.iops, { value: median, lower_value: low, upper_value: high });
    assert.ok(first?.['lat-p99-9']);
  });
});

describe('JUnit XML', () => {
  it('is valid', { skip: needs('xmllint') }, (t) => {
    const folder = scratchFolder(t);
    forEach('junit', (text, name) => {
      const file = join(folder, 'junit.xml');
      writeFileSync(file, text);
      const { status, stderr } = spawnSync(
        'xmllint',
        ['--noout', '--nonet', '--schema', schema('junit.xsd'), file],
        {
          encoding: 'utf8',
        },
      );
      assert.equal(status, 0, `${name}: ${stderr}\n${text}`);
    });
  });

  it('says what the numbers are: an attribute read back is the text that was written', {
    skip: needs('xmllint'),
  }, () => {
    const text = renderAll([hostile()], 'junit', plain);
    const read = (xpath: string) =>
      execFileSync('xmllint', ['--xpath', `string(${xpath})`, '-'], {
        input: text,
        encoding: 'utf8',
      }).trimEnd();
    assert.equal(read('//testsuite/@hostname'), printable(EVIL));
    assert.equal(read('count(//skipped)'), '1');
    assert.equal(read('count(//error)'), '1');
  });

  it('counts regressions as failures, and what is undecided as asked', () => {
    const counts = (text: string) =>
      /<testsuites [^>]*failures="(\d+)" errors="(\d+)" skipped="(\d+)"/.exec(text)?.slice(1);
    const few = fixture('troubled');
    const junit = (inconclusive: 'pass' | 'fail') =>
      renderComparison(comparisonOf(few, ['iops<-5%'], inconclusive), 'junit', plain);
    assert.deepEqual(counts(junit('pass')), ['0', '0', '4']);
    assert.deepEqual(counts(junit('fail')), ['4', '0', '0']);
  });
});

describe('InfluxDB line protocol', () => {
  it('is read by InfluxDB::LineProtocol', {
    skip: needs('perl', '-MInfluxDB::LineProtocol', '-e', '1'),
  }, () => {
    const script = `use InfluxDB::LineProtocol qw(line2data); use JSON::PP; my $json = JSON::PP->new->utf8->canonical;
binmode(STDIN, ':encoding(UTF-8)');
while (my $line = <STDIN>) { chomp $line; my ($m, $values, $tags, $time) = line2data($line); print $json->encode([$m, $values, $tags, $time]), "\\n"; }`;
    forEach('influx', (text, name) => {
      const { status, stdout, stderr } = spawnSync('perl', ['-e', script], { input: text, encoding: 'utf8' });
      assert.equal(status, 0, `${name}: ${stderr}`);
      assert.doesNotMatch(stderr, /\S/, name);
      const points = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(points.length, text.trimEnd().split('\n').length, name);
      for (const [measurement, values, tags, time] of points) {
        assert.match(measurement, /^uring_bench(_change|_check)?$/);
        assert.ok(tags.backend && Object.keys(values).length > 0, `${name}: ${JSON.stringify(tags)}`);
        assert.match(String(time), /^\d{19}$/);
      }
    });
  });

  it('has a point for each trial, with its own numbers, and no two points that replace each other', () => {
    const result = fixture('comparison');
    const lines = (cases[0]?.of('influx') ?? '').trimEnd().split('\n');
    const trials = result.backends.flatMap((backend) => backend.trials);
    assert.equal(lines.length, trials.length);
    assert.deepEqual(
      lines.map((line) => Number(/ iops=([^,]+),/.exec(line)?.[1])),
      trials.map(({ iops }) => iops),
    );
    forEach('influx', (text, name) => {
      const keys = text
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^((?:\\.|[^ \\])+) .* (\d+)$/, '$1 $2'));
      assert.equal(new Set(keys).size, keys.length, name);
    });
  });
});

describe("Go's benchmark format", () => {
  /** The grammar of golang.org/design/14313 and of benchfmt's reader. */
  const CONFIGURATION = /^[a-z][^\sA-Z:]*:( [^\n]*)?$/s;
  const UNIT = /^Unit \S+( [a-z]+=\S+)+$/;
  const RESULT = /^Benchmark[A-Z]\S*\t\d+(\t-?[\d.]+(e[+-]?\d+)? \S+)+$/;

  it('has only lines of its grammar, and units that are declared', () => {
    forEach('gobench', (text, name) => {
      const lines = text.split('\n').filter((line) => line !== '');
      for (const line of lines) {
        assert.ok(
          [CONFIGURATION, UNIT, RESULT].some((form) => form.test(line)),
          `${name}: ${line}`,
        );
      }
      const declared = new Set(lines.flatMap((line) => /^Unit (\S+)/.exec(line)?.[1] ?? []));
      const used = lines.filter((line) => RESULT.test(line)).flatMap((line) => line.split('\t').slice(2));
      for (const value of used) {
        const [, unit = ''] = value.split(' ');
        assert.ok(unit === 'ns/op' || declared.has(unit), `${name}: ${unit}`);
      }
      assert.ok(used.length > 0, name);
    });
  });

  it('no name ends like a number of CPUs', () => {
    forEach('gobench', (text, name) => {
      for (const [line] of text.matchAll(/^Benchmark\S+/gm)) assert.doesNotMatch(line, /-\d+$/, name);
    });
  });

  it('is read by benchstat, which finds both sides', { skip: needs('benchstat', '-h') }, (t) => {
    const file = join(scratchFolder(t), 'bench.txt');
    writeFileSync(file, renderComparison(comparisonOf(fixture('comparison'), []), 'gobench', plain));
    const { status, stdout, stderr } = spawnSync('benchstat', ['-col', 'side', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /bench\.txt:\d+/);
    assert.match(stdout, /baseline.*candidate/);
    assert.match(stdout, /io\/s/);
  });
});

describe('HdrHistogram log', () => {
  it('is read by HistogramLogReader, every trial with its samples', () => {
    forEach('hlog', (text, name) => {
      const reader = new HistogramLogReader(text, 64);
      const lines = text.split('\n').filter((line) => line.startsWith('Tag='));
      let last = 0;
      for (const line of lines) {
        const histogram = reader.nextIntervalHistogram();
        assert.ok(histogram, name);
        assert.ok(histogram.totalCount > 0, name);
        assert.ok(histogram.startTimeStampMsec >= last, `${name}: in order of time`);
        last = histogram.startTimeStampMsec;
        const [tag = '', , , maxMs = ''] = line.split(',');
        assert.equal(tag, `Tag=${histogram.tag}`);
        assert.ok(
          Math.abs(histogram.maxValue / 1e6 / Number(maxMs) - 1) < 0.01 || Number(maxMs) < 0.01,
          line,
        );
      }
      assert.equal(reader.nextIntervalHistogram(), null);
      assert.ok(lines.length > 0, name);
    });
  });

  it('holds the samples of the result', () => {
    const result = fixture('mixed');
    const text = renderAll([result], 'hlog', plain);
    for (const { label } of result.backends) {
      for (const op of ['read', 'write']) assert.ok(listTags(text).includes(`${label}.${op}`));
    }
    const reader = new HistogramLogReader(text, 64);
    const counts: Record<string, number> = {};
    for (let one = reader.nextIntervalHistogram(); one; one = reader.nextIntervalHistogram()) {
      counts[one.tag] = (counts[one.tag] ?? 0) + one.totalCount;
    }
    for (const { label, trials } of result.backends) {
      const reads = trials.reduce((sum, trial) => sum + opsOf(trial).read.total_ios, 0);
      assert.equal(counts[`${label}.read`], reads, label);
    }
  });

  const jar = '/usr/share/java/hdrhistogram.jar';
  const noJava = !existsSync(jar) ? `needs ${jar}` : needs('java');

  it('is read by the original HistogramLogProcessor, with the same percentiles', { skip: noJava }, (t) => {
    const file = join(scratchFolder(t), 'run.hlog');
    const result = fixture('comparison');
    writeFileSync(file, renderAll([result], 'hlog', plain));
    for (const { label, summary } of result.backends) {
      const options = ['-i', file, '-tag', label, '-outputValueUnitRatio', '1'];
      const processor = ['-cp', jar, 'org.HdrHistogram.HistogramLogProcessor', ...options];
      const { status, stdout, stderr } = spawnSync('java', processor, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      const median = Number(/^ *([\d.]+) 0\.50+ /m.exec(stdout)?.[1]);
      assert.equal(median, summary?.lat_ns.percentile['50.000000'], label);
      assert.equal(Number(/Total count *= *(\d+)/.exec(stdout)?.[1]), summary?.lat_ns.N, label);
    }
  });

  it('tells the sides of a comparison apart', () => {
    const text = renderComparison(comparisonOf(fixture('comparison'), []), 'hlog', plain);
    assert.ok(listTags(text).includes('baseline.sync') && listTags(text).includes('candidate.io_uring'));
  });
});
