/** Formats for Prometheus, each read by its own programs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { printable } from '../src/report/text/text.ts';
import { fixture } from './fixtures/load.ts';
import { cases, EVIL, forEach, needs, textOf } from './support/format-cases.ts';
import { scratchFolder } from './support/scratch.ts';

describe('OpenMetrics', () => {
  const python = '/usr/bin/python3';
  const parser = 'from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse';

  it("is read by Prometheus' own parser", { skip: needs(python, '-c', parser) }, () => {
    const script = `${parser}
import json, sys
families = list(parse(sys.stdin.read()))
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))`;
    type Family = [
      name: string,
      type: string,
      unit: string,
      samples: [string, Record<string, string>, number][],
    ];
    forEach('openmetrics', (text, name) => {
      const { status, stdout, stderr } = spawnSync(python, ['-c', script], { input: text, encoding: 'utf8' });
      assert.equal(status, 0, `${name}: ${stderr}\n${text}`);
      const families = JSON.parse(stdout) as Family[];
      for (const [family, , unit] of families) assert.ok(unit === '' || family.endsWith(`_${unit}`), family);
      const info = families.find(([family]) => family === 'uring_bench');
      if (name.includes('hostile')) assert.equal(info?.[3][0]?.[1].host, printable(EVIL));
      assert.ok(
        families.some(([family]) => family === 'uring_bench_iops'),
        name,
      );
      assert.match(text, /\n# EOF\n$/);
    });
  });

  it('is in base units', () => {
    const text = cases[0]?.of('openmetrics') ?? '';
    const p99 = fixture('comparison').backends[0]?.summary?.lat_ns_trials['99.000000']?.median ?? 0;
    const found = /^uring_bench_lat_p99_seconds\{backend="sync",[^}]*stat="median"\} (\S+)$/m.exec(text)?.[1];
    assert.ok(Math.abs(Number(found) / (p99 / 1e9) - 1) < 1e-9, `${found} s are ${p99} ns`);
  });

  it("is read by Prometheus' own importer, every sample", { skip: needs('promtool', '--version') }, (t) => {
    const folder = scratchFolder(t);
    const file = join(folder, 'metrics.txt');
    forEach('openmetrics', (text, name) => {
      // The importer wants the time of each sample, which is the scraper's to add.
      const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      writeFileSync(file, text.replace(/^(?!#)(.+)$/gm, '$1 1700000000'));
      const { status, stdout, stderr } = spawnSync(
        'promtool',
        ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'blocks')],
        { encoding: 'utf8' },
      );
      assert.equal(status, 0, `${name}: ${stderr}`);
      const [, , , , taken] = stdout.trim().split('\n').at(-1)?.split(/ +/) ?? [];
      assert.equal(Number(taken), samples.length, `${name}: ${stdout}`);
    });
  });
});

describe("Prometheus' text format", () => {
  it('passes promtool check metrics, every case', { skip: needs('promtool', '--version') }, () => {
    forEach('prometheus', (text, name) => {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${name}: ${stderr}${stdout}`);
    });
  });

  it("is read by Prometheus' own parser, with the values of OpenMetrics", {
    skip: needs('/usr/bin/python3', '-c', 'import prometheus_client'),
  }, () => {
    const script = `from prometheus_client.parser import text_string_to_metric_families as parse
import sys
print(sum(len(f.samples) for f in parse(sys.stdin.read())))`;
    const samples = (text: string) => text.split('\n').filter((line) => /^[^#\n]/.test(line)).length;
    for (const one of cases) {
      const text = textOf(one, 'prometheus');
      const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', script], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(Number(stdout), samples(text), `${one.name}: ${stderr}`);
      assert.equal(samples(text), samples(textOf(one, 'openmetrics')), one.name);
    }
  });
});
