/**
 * That an option value is refused in one line or works: whatever the table accepts comes all the way to the structures that
 * native code is given, and nothing but a BenchError keeps it from there.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backends } from '../src/backends/registry.ts';
import { BenchError } from '../src/errors.ts';
import { nativeJobs } from '../src/jobs/native-job.ts';
import { mostTrials, planBlock, runSeconds, trialNs, warmupPlan } from '../src/jobs/plan.ts';
import { encode } from '../src/native/codec.ts';
import {
  type KnownOption,
  knownOptions,
  readOptions,
  type WrittenOption,
} from '../src/options/option-reader.ts';
import { resolve } from '../src/resolve/resolve.ts';
import { checkMaxTrials } from '../src/resolve/trial-options.ts';
import type { Kind } from '../src/values/option-kinds.ts';
import { scratchFolder } from './support/scratch.ts';

const CPUS = Array.from({ length: 1024 }, (_, cpu) => cpu);
const host = { machine: { cpusOnline: CPUS, cpusAllowed: CPUS }, target: { dioAlign: () => 512 } };

/** Numbers at the ends of a range and anywhere in it, as people write them. */
function numbers(min: number, max: number): fc.Arbitrary<string> {
  const ends = [min, min + 1, max - 1, max, 0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  const number = fc.oneof(
    fc.constantFrom(...ends),
    fc.integer({ min: Math.min(min, max), max: Math.min(max, 2 ** 40) }),
  );
  return fc.oneof(
    number.map(String),
    number.filter((n) => n >= 0).map((n) => `0x${n.toString(16)}`),
    fc.tuple(fc.nat(4096), fc.constantFrom('k', 'm', 'g', 't', 'p')).map(([n, unit]) => `${n}${unit}`),
  );
}

const decimals = fc
  .tuple(fc.nat(200), fc.constantFrom('', '.5', '.25', '.000001', '.999999'))
  .map((parts) => parts.join(''));
const times = fc
  .tuple(decimals, fc.constantFrom('', 'ns', 'us', 'ms', 's', 'm', 'h', 'd'))
  .map((parts) => parts.join(''));

/** Texts of each kind of option, most of which it takes. */
/** Texts with a form of their own, which nothing made at random has. */
const SHAPED: Partial<Record<string, fc.Arbitrary<string>>> = {
  'latency-target': fc.constantFrom('p99:500us', 'p50:1ms', 'p99.9:2', 'p100:1ms', '500us'),
  'steady-state': fc.constantFrom('iops:10%/5x60s', 'bw:5%/3x1s', 'iops:10%'),
};

const texts: { [K in Kind]: (option: KnownOption) => fc.Arbitrary<string> } = {
  bool: () => fc.constantFrom('0', '1', 'true', 'no'),
  count: ({ min = 0, max = 2 ** 53 - 1 }) => numbers(min, max),
  size: ({ min = 0, max = 2 ** 53 - 1 }) =>
    fc.oneof(
      numbers(min, max),
      decimals.map((n) => `${n}k`),
    ),
  portion: ({ min = 0, max = 2 ** 53 - 1 }) =>
    fc.oneof(
      numbers(min, max),
      decimals.map((n) => `${n}%`),
    ),
  sizerange: ({ min = 0, max = 2 ** 53 - 1 }) =>
    fc.oneof(
      numbers(min, max),
      fc.tuple(numbers(min, max), numbers(min, max)).map((ends) => ends.join('-')),
    ),
  blocksizes: () =>
    fc
      .array(fc.constantFrom('', '1', '512', '4k', '64k', '1m', '3', '0x7ffff000', '1.5k'), {
        minLength: 1,
        maxLength: 3,
      })
      .map((sizes) => sizes.join(',')),
  time: ({ max = 2 ** 53 - 1 }) =>
    fc.oneof(times, numbers(0, max), fc.constantFrom(`${2 ** 53 - 1}ns`, '104d', '49d', '50d')),
  choice: ({ values = {} }) => fc.constantFrom(...Object.keys(values), ...Object.values(values).flat()),
  seed: () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  text: () => fc.string({ unit: 'binary', maxLength: 40 }),
  list: () => fc.constantFrom('sync', 'null', 'name=a rw=read', ''),
  cpus: () => fc.constantFrom('0', '0-3', '1023', '0,5-9,1000', '1024', '3-1'),
  percentiles: () => fc.array(decimals, { minLength: 1, maxLength: 5 }).map((list) => list.join(':')),
  percent: () => decimals,
  distribution: () =>
    fc
      .tuple(fc.constantFrom('random', 'zipf', 'pareto', 'normal'), decimals)
      .map(([name, n]) => `${name}:${n}`),
  steady: () =>
    fc
      .tuple(fc.constantFrom('iops', 'bw', 'lat', 'cpu'), decimals, decimals, numbers(2, 1000), times)
      .map(([metric, range, slope, rounds, time]) => `${metric}:${range}%:${slope}/${rounds}x${time}`),
  service: () =>
    fc
      .tuple(fc.constantFrom('random', 'roundrobin', 'sequential'), numbers(1, 2 ** 31))
      .map(([name, n]) => `${name}:${n}`),
};

/** Where files are is for other tests; the product of these is. */
const FEW: readonly string[] = ['numjobs', 'nrfiles'];
const FIXED: readonly string[] = ['filename', 'directory', 'destroy-device', 'backend', 'job', 'reference'];
const free = knownOptions.filter(
  ({ flag, scope }) => ['workload', 'run'].includes(scope) && !FIXED.includes(flag),
);

function written(option: KnownOption): fc.Arbitrary<WrittenOption> {
  const own = SHAPED[option.flag];
  const usual = own === undefined ? texts[option.kind](option) : fc.oneof(texts[option.kind](option), own);
  const text = FEW.includes(option.flag) ? fc.constantFrom('1', '2', '7', '0') : usual;
  return text.map((value) => ({ flag: option.flag, text: value }));
}

const variants = backends.flatMap(({ name, features }) => [
  name,
  ...features.map((feature) => `${name}+${feature.name}`),
]);
const backend = fc.constantFrom(...variants).map((text): WrittenOption => ({ flag: 'backend', text }));

/** From the texts to what native code is given. @returns why it was refused; null when it was not */
function accepted(options: readonly WrittenOption[], directory: string): string | null {
  try {
    const given = [{ flag: 'directory', text: directory } as const, ...options];
    const sized = options.some(({ flag }) => flag === 'size' || flag === 'filesize');
    const { raw } = readOptions(sized ? given : [...given, { flag: 'size', text: '1m' }]);
    checkMaxTrials(raw);
    const { plan } = resolve(raw, host);
    for (const one of [plan, warmupPlan(plan)]) {
      const [run] = planBlock(one, 1);
      if (run === undefined) throw new Error('a plan runs something');
      for (const { values, files, cpus } of nativeJobs(one, run)) {
        encode('job', { ...values, nfiles: files.length, files: 0, ncpus: cpus.length });
        for (const { offset, size } of files) {
          const none = { dev: 0, inode: 0, rdev: 0, diskseq: 0 };
          encode('file', { path: 0, offset, size, kind: 0, known: 0, ...none });
        }
      }
    }
    for (const number of [mostTrials(plan), runSeconds(plan) ?? 0, trialNs(plan) ?? 0]) {
      assert.ok(Number.isFinite(number));
    }
    return null;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
}

describe('an option value that is accepted', () => {
  for (const option of free) {
    it(`--${option.flag} works, alone with each backend`, (t) => {
      const folder = scratchFolder(t);
      let works = 0;
      fc.assert(
        fc.property(written(option), backend, (one, which) => {
          const knows =
            option.backends === undefined
              ? [which]
              : option.backends.map((name) => ({ ...which, text: name }));
          for (const each of knows) if (accepted([each, one], folder) === null) works++;
        }),
        { numRuns: 60 },
      );
      assert.ok(works > 0 || option.flag === 'max-trials', 'some of the values are accepted');
    });
  }

  it('works together with others', (t) => {
    const folder = scratchFolder(t);
    let works = 0;
    const several = fc
      .subarray(free, { minLength: 2, maxLength: 4 })
      .chain((options) => fc.tuple(backend, ...options.map(written)));
    fc.assert(
      fc.property(several, (options) => {
        if (accepted(options, folder) === null) works++;
      }),
      { numRuns: 1500 },
    );
    assert.ok(works > 0, 'some are accepted');
  });

  it('is no word that every object has', (t) => {
    const folder = scratchFolder(t);
    const words = ['constructor', '__proto__', 'toString:2', 'sync+constructor', 'io_uring+valueOf'];
    for (const flag of [...free.map((option) => option.flag), 'backend', 'job', 'reference'] as const)
      for (const text of words) accepted([{ flag, text } as WrittenOption], folder);
    for (const text of words)
      assert.match(accepted([{ flag: 'backend', text }], folder) ?? '', /unknown|no feature/);
  });

  it('can be a pair, though operations of a tree are none', (t) => {
    const folder = scratchFolder(t);
    const pair = { flag: 'pair', text: 'double-write' } as const;
    const tree = { flag: 'rw', text: 'ftruncate' } as const;
    assert.equal(accepted([{ flag: 'backend', text: 'sync' }, pair, tree], folder), null);
  });

  it('is refused where the kernel takes whole milliseconds', (t) => {
    const folder = scratchFolder(t);
    const refusal = (text: string) =>
      accepted(
        [
          { flag: 'backend', text: 'io_uring+sqpoll' },
          { flag: 'sqthread-poll-idle', text },
        ],
        folder,
      );
    assert.equal(refusal('1.5'), 'sqthread-poll-idle=1.5 is no whole number of milliseconds');
    assert.match(refusal('50d') ?? '', /sqthread-poll-idle=50d is out of range/);
    assert.equal(refusal('49d'), null);
  });
});
