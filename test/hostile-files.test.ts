/**
 * Stored files that others made or damaged: whatever they hold, they are shown, compared, gone on with, or refused in one line, and
 * nothing in them is taken for an order by what reads the report.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareRuns } from '../src/compare/compare.ts';
import { poolResults } from '../src/compare/gate.ts';
import { parseMetrics } from '../src/compare/metrics.ts';
import { parseRules } from '../src/compare/rules.ts';
import { BenchError } from '../src/errors.ts';
import { planSweep } from '../src/experiments/sweep.ts';
import { gridOf } from '../src/experiments/sweep-resume.ts';
import { defaultOf } from '../src/options/option-reader.ts';
import type { OutputFormat } from '../src/options/output.ts';
import { renderCommand } from '../src/report/formats/explanation.ts';
import {
  formats,
  loadFormats,
  renderAll,
  renderComparison,
  renderEvaluation,
  renderSweep,
} from '../src/report/formats/index.ts';
import { reportSettings, sweepView } from '../src/report/sweep/sweep-view.ts';
import { isBaseline, isEvaluation, isExplanation, isSweep, type Stored } from '../src/results/document.ts';
import { parseStored } from '../src/results/read.ts';
import { type FixtureName, fixtureNames, fixtureText } from './fixtures/load.ts';
import { syntheticEvaluation } from './fixtures/synthetic-evaluation.ts';
import { syntheticArticle, syntheticSweep } from './fixtures/synthetic-runs.ts';
import { explainedRun } from './support/explained-run.ts';
import { refused } from './support/refused.ts';

await loadFormats(['html']);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const ESC = '\u001b';
/** What terminals, spreadsheets, parsers of lines and of markup, and people are led astray by. */
const HOSTILE = [
  `${ESC}[2J${ESC}[31m`,
  `${ESC}]0;title\u0007`,
  '\u009b31m\u009d0;x\u009c',
  'a\u202egnp.exe\u2066\u2069\u200f\u061c',
  'one\ntwo\r\nthree\u2028four\u0085five',
  '=cmd|" /C calc"!A0',
  '+1',
  '-1+1',
  '@SUM(A1)',
  '\t=1',
  '"quotes",commas,;|`*<script>]]>&amp;',
  '\\',
  '__proto__',
  'constructor',
  '\ud800',
  '\0',
  '',
  ' ',
  '\ufeff',
  'x'.repeat(5000),
  '2026-99-99T99:99:99Z',
];
const text = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 20 }));
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e300, 5e-324, Number.MAX_VALUE),
  fc.nat(1000),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
);
const anything = fc.oneof(text, number, fc.constantFrom<Json>(null, true, false, [], {}, [null], { a: 1 }));

/** One place in a document and what is put there. */
interface Damage {
  /** Where among all values, as a share of their number. */
  at: number;
  by: 'text' | 'number' | 'anything' | 'nothing' | 'name';
  value: Json;
}

/** Anywhere: fast-check would choose the ends of a range far more often than what lies between. */
const place = fc.noBias(fc.nat(2 ** 30)).map((n) => n / 2 ** 30);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      at: place,
      by: fc.constant('text' as const),
      value: text,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      at: place,
      by: fc.constant('number' as const),
      value: number,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: place,
      by: fc.constantFrom('anything' as const, 'nothing' as const),
      value: anything,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: place,
      by: fc.constant('name' as const),
      value: text,
    }),
  },
);

interface Place {
  holder: { [name: string]: Json };
  name: string;
}

function placesIn(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Place['holder'];
  for (const name of Object.keys(holder)) {
    found.push({ holder, name });
    placesIn(holder[name] as Json, found);
  }
  return found;
}

/** Texts and numbers go where texts and numbers are: what fits the schema comes furthest. */
function fits({ holder, name }: Place, by: Damage['by']): boolean {
  if (by === 'text' || by === 'number') return typeof holder[name] === (by === 'text' ? 'string' : 'number');
  return by !== 'name' || !Array.isArray(holder);
}

function damaged(document: Json, all: readonly Damage[]): Json {
  const copy = structuredClone(document);
  for (const { at, by, value } of all) {
    const places = placesIn(copy).filter((place) => fits(place, by));
    const place = places[Math.min(places.length - 1, Math.floor(at * places.length))];
    if (place === undefined) continue;
    const { holder, name } = place;
    if (by === 'nothing') delete holder[name];
    else if (by === 'name') {
      const moved = holder[name] as Json;
      delete holder[name];
      Object.defineProperty(holder, String(value), {
        value: moved,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else holder[name] = value;
  }
  return copy;
}

/** Every text of a document, one after the other. */
function everyText(document: Json): Place[] {
  return placesIn(document).filter((place) => fits(place, 'text'));
}

/** An explained command, of the figures of a run. */
const explanation = {
  ...{ schema_version: 1, kind: 'explanation', tool: { name: 'uring-bench', version: '1.0.0' } },
  ...{
    started_at: '2026-11-30T12:00:00Z',
    finished_at: '2026-11-30T12:00:01Z',
    command_line: ['uring-bench'],
  },
  environment: { hostname: 'vm', kernel: '6.18', arch: 'x64', cpu_model: 'CPU', cpus: 2 },
  ...{ command: ['fio', '--name=x'], exit_code: 0 },
  explain: explainedRun({ direct: true, full: true }).backends[0]?.explain,
};

const documents: Readonly<Record<string, Json>> = {
  explanation: JSON.parse(JSON.stringify(explanation)),
  ...Object.fromEntries(fixtureNames.map((name: FixtureName) => [name, JSON.parse(fixtureText(name))])),
  sweep: JSON.parse(JSON.stringify(syntheticSweep())),
  article: JSON.parse(JSON.stringify(syntheticArticle('table2', 2))),
  evaluation: JSON.parse(JSON.stringify(syntheticEvaluation(JSON.parse(fixtureText('single')).environment))),
};

/** Runs something that may refuse the file. @returns null then */
function tolerant<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    assert.equal(error.kind, 'usage', error.message);
    return null;
  }
}

/** No control character but the end of a line, and what stands between the fields of a format; nothing that turns text. */
function checkInert(format: OutputFormat, report: string): void {
  const allowed = format === 'gobench' ? /[\n\t]/g : /\n/g;
  const found = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.exec(
    report.replace(allowed, ''),
  );
  assert.equal(
    found,
    null,
    `${format}: ${JSON.stringify(report.slice((found?.index ?? 0) - 40, (found?.index ?? 0) + 40))}`,
  );
  if (format === 'csv') {
    for (const field of csvFields(report)) {
      assert.ok(
        !/^[=+@]/.test(field) && (!field.startsWith('-') || Number.isFinite(Number(field))),
        `a formula: ${field}`,
      );
    }
  }
  if (format === 'json' || format === 'bencher' || format.startsWith('github')) JSON.parse(report);
  if (format === 'hlog') {
    for (const line of report.trimEnd().split('\n').slice(5))
      assert.match(line, /^Tag=[^,\s]+,[\d.]+,[\d.]+,[\d.e+]+,[A-Za-z0-9+/=]+$/);
  }
}

/** The fields of a CSV text as RFC 4180 has them. */
function csvFields(report: string): string[] {
  return [...report.matchAll(/(?:^|,|\n)(?:"((?:[^"]|"")*)"|([^",\n]*))/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

const FORMATS = Object.keys(formats) as OutputFormat[];
const plain = { color: false, columns: 80 };

function show(stored: Stored): void {
  for (const format of FORMATS) {
    const report = tolerant(() => {
      if (isExplanation(stored)) return renderCommand(stored, format, plain);
      if (isBaseline(stored)) return renderAll(stored.runs, format, plain);
      if (isEvaluation(stored)) return renderEvaluation(stored, format, plain);
      if (!isSweep(stored)) return renderAll([stored], format, plain);
      return renderSweep(stored, sweepView(reportSettings({}, stored.report)), format, plain);
    });
    if (report !== null) checkInert(format, report);
  }
}

const machine = { cpusOnline: [0, 1, 2, 3], cpusAllowed: [0, 1, 2, 3] };

function goOn(stored: Stored): void {
  if (!isSweep(stored)) return;
  tolerant(() => planSweep(gridOf(stored.grid, 'sweep.json'), { machine, target: { dioAlign: () => 512 } }));
}

function compare(stored: Stored, other: Stored): void {
  if (isEvaluation(stored) || isEvaluation(other)) return;
  if (isSweep(stored) || isSweep(other) || isBaseline(stored) || isBaseline(other)) return;
  if (isExplanation(stored) || isExplanation(other)) return;
  const metrics = parseMetrics('metric', defaultOf('metric'));
  const rules = parseRules('fail-on', ['iops<-5%']);
  const side = (path: string, result: typeof stored) => [{ path, result }];
  for (const [before, after] of [
    [stored, other],
    [other, stored],
  ] as const) {
    const [baseline, candidate] = [side(`a${ESC}[2J\u202e.json`, before), side('b.json', after)];
    const comparison = tolerant(() =>
      compareRuns(baseline, candidate, { metrics, rules, inconclusive: 'pass' }),
    );
    if (comparison === null) continue;
    for (const format of FORMATS) {
      const report = tolerant(() =>
        renderComparison({ comparison, baseline, candidate, metrics }, format, plain),
      );
      if (report !== null) checkInert(format, report);
    }
  }
  tolerant(() => poolResults([stored, other]));
}

describe('a stored file that is not as it was written', () => {
  for (const [name, document] of Object.entries(documents)) {
    const original = parseStored(JSON.stringify(document), name);

    it(`${name}: is shown, compared and gone on with, or refused`, () => {
      fc.assert(
        fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (all) => {
          const stored = tolerant(() => parseStored(JSON.stringify(damaged(document, all)), 'file.json'));
          if (stored === null) return;
          show(stored);
          goOn(stored);
          compare(stored, original);
        }),
        { numRuns: 12 },
      );
    });
  }

  for (const name of [
    'comparison',
    'troubled',
    'ladder',
    'sweep',
    'article',
    'explanation',
    'evaluation',
  ] as const) {
    it(`${name}: none of its texts is an order`, () => {
      const copy = structuredClone(documents[name] as Json);
      const kept = /(^|\.)(hdr|started_at|finished_at)$/;
      let at = 0;
      for (const { holder, name: field } of everyText(copy)) {
        if (kept.test(field)) continue;
        const before = holder[field] as string;
        holder[field] = `${before}${HOSTILE[at++ % HOSTILE.length]}`;
        // What the schema or a reader refuses stays as it was.
        if (tolerant(() => parseStored(JSON.stringify(copy), name)) === null) holder[field] = before;
      }
      const stored = parseStored(JSON.stringify(copy), name);
      show(stored);
      compare(stored, stored);
    });
  }
});

describe('a stored file of a word that every object has', () => {
  for (const name of ['troubled', 'sweep'] as const) {
    for (const word of ['__proto__']) {
      it(`${name}: ${word} is a word like another`, () => {
        const copy = structuredClone(documents[name] as Json);
        for (const { holder, name: field } of everyText(copy)) {
          const before = holder[field] as Json;
          holder[field] = word;
          if (tolerant(() => parseStored(JSON.stringify(copy), name)) === null) holder[field] = before;
        }
        const stored = parseStored(JSON.stringify(copy), name);
        show(stored);
        goOn(stored);
        compare(stored, parseStored(JSON.stringify(documents[name]), name));
      });
    }
  }
});

describe('a stored file beyond all measure', () => {
  it('is refused before it is parsed: depth, number of values', () => {
    refused(
      () => parseStored('['.repeat(2 ** 24), 'deep.json'),
      /deep.json is no result: more than 64 brackets/,
    );
    refused(() => parseStored(`[${'[],'.repeat(2 ** 24)}[]]`, 'wide.json'), /more than 16777216 values/);
    refused(() => parseStored(`"${'\\"['.repeat(1000)}"`, 'text.json'), /is not a uring-bench result/);
  });

  it('is refused for a name of 50 MB', () => {
    const document = structuredClone(documents.single) as { environment: { hostname: string } };
    document.environment.hostname = 'h'.repeat(5e7);
    const refusal = () => parseStored(JSON.stringify(document), 'long.json');
    refused(refusal, /environment\.hostname is a text of 50000000 characters/, /at most 262144/);
  });
});
