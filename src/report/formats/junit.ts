/**
 * JUnit XML, as CI servers show it: of a run a test case for each backend, of a comparison one for each rule of
 * --fail-on and backend (without rules one for each metric, which cannot fail). A regression is a failure, what
 * could not be decided is skipped, or a failure where --inconclusive says so.
 */

import { apartText, deviceName, identify, labelFacts, workloadName } from '../../compare/identity.ts';
import type { MetricComparison, VariantComparison } from '../../compare/schema.ts';
import type { BackendResult, RunResult } from '../../results/schema.ts';
import { backendRows } from '../../stats/groups.ts';
import { changeText } from '../view/compare-cells.ts';
import { type ComparisonReport, forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { seriesOf } from '../view/series.ts';

interface Case {
  name: string;
  seconds: number;
  failure?: string;
  error?: string;
  skipped?: string;
  output?: string;
}

interface Suite {
  name: string;
  /** Stands before the case in most displays; it must tell suites apart. */
  classname: string;
  timestamp: string;
  hostname: string;
  properties: Readonly<Record<string, string>>;
  cases: readonly Case[];
}

/** What XML 1.0 allows, with markup escaped; line ends stay readable in attributes. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

/** Seconds as consumers parse them: without an exponent. */
function seconds(value: number): string {
  return value.toFixed(3);
}

function caseLines(test: Case, classname: string): string[] {
  const open = `    <testcase${attributes({ name: test.name, classname, time: seconds(test.seconds) })}`;
  const inner = [
    ...(['failure', 'error'] as const).flatMap((kind) => {
      const message = test[kind];
      if (message === undefined) return [];
      return [`      <${kind}${attributes({ message, type: kind })}>${escaped(message)}</${kind}>`];
    }),
    ...(test.skipped === undefined ? [] : [`      <skipped${attributes({ message: test.skipped })}/>`]),
    ...(test.output === undefined ? [] : [`      <system-out>${escaped(test.output)}</system-out>`]),
  ];
  return inner.length === 0 ? [`${open}/>`] : [`${open}>`, ...inner, '    </testcase>'];
}

function countsOf(cases: readonly Case[]): Record<string, string | number> {
  const count = (kind: 'failure' | 'error' | 'skipped') =>
    cases.filter((test) => test[kind] !== undefined).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: seconds(cases.reduce((sum, test) => sum + test.seconds, 0)),
  };
}

function suiteLines(suite: Suite): string[] {
  const { name, classname, hostname, cases } = suite;
  // XML Schema's dateTime in UTC without a fraction, the one form that all consumers read.
  const timestamp = suite.timestamp.replace(/(\.\d+)?(Z|\+00:00)$/, '');
  const properties = Object.entries(suite.properties).filter(([, value]) => value !== '');
  return [
    `  <testsuite${attributes({ name, ...countsOf(cases), timestamp, hostname })}>`,
    ...(properties.length === 0 ? [] : ['    <properties>']),
    ...properties.map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    ...(properties.length === 0 ? [] : ['    </properties>']),
    ...cases.flatMap((test) => caseLines(test, classname)),
    '  </testsuite>',
  ];
}

function text(suites: readonly Suite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'uring-bench', ...countsOf(all) })}>`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
  ].join('\n')}\n`;
}

function propertiesOf(result: RunResult): Record<string, string> {
  const { environment, tool, note = '' } = result;
  return {
    kernel: environment.kernel,
    device: deviceName(result),
    cpu: environment.cpu_model,
    version: tool.version,
    ...labelFacts(result),
    note,
  };
}

function backendCase({ label, status, reason, trials }: BackendResult, output: string | undefined): Case {
  const test = {
    name: label,
    seconds: trials.reduce((sum, trial) => sum + trial.runtime_ns, 0) / 1e9,
    ...(output === undefined ? {} : { output }),
  };
  switch (status) {
    case 'complete':
      return test;
    case 'failed':
      return { ...test, error: reason ?? 'failed' };
    case 'skipped':
      return { ...test, skipped: reason ?? 'unavailable here' };
    case 'interrupted':
      return { ...test, error: 'interrupted' };
  }
}

const runs: ReportFormat['runs'] = (results, { metrics = [] }) =>
  text(
    identify(results).map(({ workload, apart }, at) => {
      const result = results[at] as RunResult;
      const series = seriesOf([result], metrics);
      const outputOf = (variant: string) =>
        series
          .find((one) => one.variant === variant)
          ?.values.map(({ metric, estimate }) => `${metric.name}: ${metric.format(estimate.median)}`)
          .join('\n');
      const name = `${workload}${apartText({ ...labelFacts(result), ...apart })}`;
      return {
        name,
        classname: name,
        timestamp: result.started_at,
        hostname: result.environment.hostname,
        properties: propertiesOf(result),
        cases: backendRows(result).map((backend) => backendCase(backend, outputOf(backend.variant))),
      };
    }),
  );

function metricText(metric: MetricComparison): string {
  return `${metric.metric}: ${metric.baseline?.median ?? 'none'} and ${metric.candidate?.median ?? 'none'} ${metric.unit}, ${changeText(metric)}`;
}

function comparisonCases(variant: VariantComparison, { comparison }: ComparisonReport): Case[] {
  const checks = comparison.checks.filter((check) => check.variant === variant.variant);
  if (checks.length === 0) {
    return variant.metrics.map((metric) => ({
      name: metric.metric,
      seconds: 0,
      output: metricText(metric),
    }));
  }
  return checks.map(({ rule, metric: name, outcome, reason }) => {
    const metric = variant.metrics.find((one) => one.metric === name);
    const said = metric === undefined ? reason : `${reason}; ${metricText(metric)}`;
    const test = { name: rule, seconds: 0, output: said };
    if (outcome === 'regression') return { ...test, failure: said };
    if (outcome === 'pass') return test;
    return comparison.inconclusive === 'fail'
      ? { ...test, failure: `inconclusive: ${said}` }
      : { ...test, skipped: `inconclusive: ${said}` };
  });
}

const comparison: ReportFormat['comparison'] = (report) => {
  const [first] = report.candidate;
  if (first === undefined) throw new Error('a side without results');
  const workload = workloadName(first.result);
  return text(
    report.comparison.variants.map((variant) => ({
      name: `${variant.label}: ${workload}`,
      classname: `${variant.label}: ${workload}`,
      timestamp: first.result.started_at,
      hostname: first.result.environment.hostname,
      properties: {
        ...propertiesOf(first.result),
        baseline: report.comparison.baseline.files.join(', '),
        candidate: report.comparison.candidate.files.join(', '),
      },
      cases: comparisonCases(variant, report),
    })),
  );
};

const format: ReportFormat = { ...forPrograms, runs, comparison };

export default format;
