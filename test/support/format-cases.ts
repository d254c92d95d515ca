/** What every format of reports must be able to say, for the tests of formats. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { OutputFormat } from '../../src/options/output.ts';
import { loadFormats, renderAll, renderComparison } from '../../src/report/formats/index.ts';
import type { RenderOptions } from '../../src/report/view/format-spec.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { fixture, fixtureNames } from '../fixtures/load.ts';
import { changedRun, comparisonReport } from './comparison.ts';
import { explainedRun } from './explained-run.ts';
import { hasCommand } from './scratch.ts';

await loadFormats(['html']);

export const plain: RenderOptions = { color: false, columns: 100 };

/** What no format may let out of its place. */
export const EVIL = 'a b,c=d"e\\f<g>&h\n#i%{}/j é\u0007\u2028;|\\';

/** A result whose every free text is hostile. */
export function hostile(): RunResult {
  const result = fixture('troubled');
  result.environment.hostname = EVIL;
  result.environment.kernel = EVIL;
  result.environment.cpu_model = EVIL;
  for (const device of result.environment.files)
    Object.assign(device, { model: EVIL, serial: EVIL, link: EVIL });
  result.labels = { evil: EVIL };
  result.note = EVIL;
  for (const job of result.jobs) job.name = EVIL;
  for (const backend of result.backends) {
    backend.label = `${backend.label}${EVIL}`;
    backend.variant = `${backend.variant}${EVIL}`;
    if (backend.reason !== null) backend.reason = EVIL;
  }
  return result;
}

interface Case {
  name: string;
  of: (format: OutputFormat) => string;
}

export function comparisonOf(baseline: RunResult, rules: string[], inconclusive: 'pass' | 'fail' = 'pass') {
  const candidate = changedRun(baseline, 0.5);
  return comparisonReport({ baseline: [baseline], candidate: [candidate], rules, inconclusive });
}

/** Everything that a format must be able to say. */
export const cases: Case[] = [
  ...fixtureNames.map(
    (name): Case => ({
      name: `run ${name}`,
      of: (format) => renderAll([fixture(name)], format, plain),
    }),
  ),
  {
    name: 'several runs',
    of: (format) => renderAll([fixture('comparison'), fixture('mixed')], format, plain),
  },
  ...[true, false].map(
    (direct): Case => ({
      name: `an explained ${direct ? 'direct' : 'buffered'} run`,
      of: (format) => renderAll([explainedRun({ direct, full: direct })], format, plain),
    }),
  ),
  { name: 'a hostile run', of: (format) => renderAll([hostile()], format, plain) },
  ...(
    [
      ['a comparison', fixture('comparison'), ['iops<-5%', 'lat_p99.9>+10%']],
      ['a comparison without rules', fixture('mixed'), []],
      ['a comparison with a backend that is missing', fixture('troubled'), ['iops<-5%']],
      ['a hostile comparison', hostile(), ['iops<-5%']],
    ] as const
  ).map(
    ([name, result, rules]): Case => ({
      name,
      of: (format) => renderComparison(comparisonOf(result, [...rules]), format, plain),
    }),
  ),
];

const made = new Map<string, string>();

/** A case's text; each is made once. */
export function textOf({ name, of }: Case, format: OutputFormat): string {
  const key = `${format} ${name}`;
  const text = made.get(key) ?? of(format);
  made.set(key, text);
  return text;
}

export function forEach(format: OutputFormat, check: (text: string, name: string) => void): void {
  for (const one of cases) {
    const text = textOf(one, format);
    assert.match(text, /\n$/, one.name);
    check(text, one.name);
  }
}

export function needs(command: string, ...args: string[]): string | false {
  if (!hasCommand(command)) return `needs ${command}`;
  const works = args.length === 0 || spawnSync(command, args).status === 0;
  return works ? false : `needs ${command} ${args.join(' ')}`;
}
