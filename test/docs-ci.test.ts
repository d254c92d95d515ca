/** The commands and the CI jobs of docs/CI.md: that they are ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRunOptions } from '../src/cli/argv.ts';
import { parseMetrics } from '../src/compare/metrics.ts';
import { parseRules } from '../src/compare/rules.ts';
import { knownOptions, readOptions } from '../src/options/option-reader.ts';
import { ciJobs, ciText } from './support/ci-document.ts';
import { blocksOf, noYaml } from './support/documents.ts';
import { invocationOf } from './support/invocation.ts';

const blocks = (language: string) => blocksOf(ciText, language);

/** The words of each `uring-bench ...` command, quotes taken off; YAML's folded lines are one. */
function commandLines(): string[][] {
  const joined = blocks('yaml')
    .concat(blocks('sh'))
    .join('\n')
    .replace(/\n\s+-- /g, ' -- ')
    .replace(/"?\$RUNTIME"?/g, '2');
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
    // Behind --ab's first command stands the second.
    if (command === 'gate') readOptions(readRunOptions(raw.ab === undefined ? operands : operands.slice(1)));
  }
});

test('every format and metric of the program is explained', () => {
  const formats = Object.keys(knownOptions.find(({ flag }) => flag === 'output-format')?.values ?? {});
  for (const format of formats) assert.ok(ciText.includes(`\`${format}\``), format);
  for (const metric of [
    'iops',
    'bw',
    'lat_mean',
    'cpu_per_io',
    'ctx_per_io',
    'syscalls_per_io',
    'instructions_per_io',
  ]) {
    assert.ok(ciText.includes(`\`${metric}\``), metric);
  }
});

test('the jobs are YAML with the keys that GitHub and GitLab want', { skip: noYaml }, () => {
  const { own, hosted, gitlab } = ciJobs();
  for (const workflow of [own, hosted]) {
    assert.ok(workflow.on && workflow.name);
    for (const job of Object.values(workflow.jobs)) {
      assert.ok(job['runs-on']);
      for (const step of job.steps) assert.ok('uses' in step !== 'run' in step, JSON.stringify(step));
    }
  }
  const { script: lines, artifacts } = gitlab;
  assert.ok(lines.length > 0 && artifacts.reports.junit && artifacts.reports.metrics);
});
