/** The commands and the CI jobs of docs/CI.md: that they are ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRunOptions } from '../src/cli/argv.ts';
import { parseMetrics } from '../src/compare/metrics.ts';
import { parseRules } from '../src/compare/rules.ts';
import { knownOptions, readOptions } from '../src/options/option-reader.ts';
import { root } from './support/cli.ts';
import { invocationOf } from './support/invocation.ts';

const text = readFileSync(join(root, 'docs', 'CI.md'), 'utf8');

/** Blocks of a language. */
function blocks(language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].flatMap(([, kind, block = '']) =>
    kind === language ? [block] : [],
  );
}

/** The words of each `uring-bench ...` command, quotes taken off; YAML's folded lines are one. */
function commandLines(): string[][] {
  const joined = blocks('yaml')
    .concat(blocks('sh'))
    .join('\n')
    .replace(/\n\s+-- /g, ' -- ');
  return [...joined.matchAll(/^[\s-]*(?:run: )?uring-bench (.*)$/gm)].map(([, rest = '']) => {
    const words = rest.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
    const end = words.findIndex((word) => word.startsWith('>') || word === '||');
    return words.slice(0, end < 0 ? undefined : end).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
  });
}

test('every command has options that exist, with values that can be read', async () => {
  const lines = commandLines();
  assert.ok(lines.length >= 12, `${lines.length} commands`);
  for (const line of lines) {
    const { command, options, operands } = await invocationOf(line);
    const { raw } = readOptions(options);
    parseRules('fail-on', raw['fail-on'] ?? []);
    parseMetrics('metric', raw.metric ?? []);
    if (command === 'gate') readOptions(readRunOptions(operands));
  }
});

test('every format and metric of the program is explained', () => {
  const formats = Object.keys(knownOptions.find(({ flag }) => flag === 'output-format')?.values ?? {});
  for (const format of formats) assert.ok(text.includes(`\`${format}\``), format);
  for (const metric of ['iops', 'bw', 'lat_mean', 'cpu_per_io', 'ctx_per_io', 'syscalls_per_io']) {
    assert.ok(text.includes(`\`${metric}\``), metric);
  }
});

const python = '/usr/bin/python3';
const noYaml = spawnSync(python, ['-c', 'import yaml']).status === 0 ? false : 'needs python3-yaml';

test('the jobs are YAML with the keys that GitHub and GitLab want', { skip: noYaml }, () => {
  const script =
    'import json, sys, yaml; print(json.dumps([yaml.load(t, yaml.BaseLoader) for t in json.load(sys.stdin)]))';
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], {
    input: JSON.stringify(blocks('yaml')),
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const [own, hosted, gitlab, ...others] = JSON.parse(stdout);
  assert.deepEqual(others, []);
  for (const workflow of [own, hosted]) {
    assert.ok(workflow.on && workflow.name);
    for (const job of Object.values<{ 'runs-on': unknown; steps: Record<string, unknown>[] }>(
      workflow.jobs,
    )) {
      assert.ok(job['runs-on']);
      for (const step of job.steps) assert.ok('uses' in step !== 'run' in step, JSON.stringify(step));
    }
  }
  const { script: lines, artifacts } = gitlab['storage-gate'];
  assert.ok(lines.length > 0 && artifacts.reports.junit && artifacts.reports.metrics);
});
