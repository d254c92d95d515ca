import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refused } from '../../test/support/refused.ts';
import { knownOptions } from '../options/option-reader.ts';
import { type Kind, type KindSpec, type KindValues, kinds } from './option-kinds.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const spec = (kind: Kind, more: Partial<KindSpec> = {}): KindSpec => ({ flag: 'option', kind, ...more });
const decimal = (min: number, max: number) => fc.integer({ min, max }).map((n) => n / 1e6);
const word = fc.stringMatching(/^[a-z0-9+_./-]{1,12}$/);

/** Any value of a kind that its option can have. */
const values: { [K in Kind]: (spec: KindSpec) => fc.Arbitrary<KindValues[K]> } = {
  bool: () => fc.boolean(),
  count: ({ min = 0, max = MOST }) => fc.integer({ min, max }),
  size: ({ min = 0, max = MOST }) => fc.integer({ min, max }),
  portion: ({ min = 0, max = MOST }) =>
    fc.oneof(
      fc.integer({ min, max }),
      decimal(1, 1e8).map((percent) => ({ percent })),
    ),
  sizerange: ({ min = 0, max = MOST }) =>
    fc.oneof(
      fc.integer({ min, max }),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .filter(([least, most]) => least < most)
        .map(([least, most]) => ({ least, most })),
    ),
  blocksizes({ min = 1, max = MOST }) {
    const bytes = fc.option(fc.integer({ min, max }), { nil: undefined });
    return fc
      .record({ read: bytes, write: bytes, trim: bytes }, { noNullPrototype: true })
      .filter(({ read, write, trim }) => (read ?? write ?? trim) !== undefined);
  },
  time({ min = 0, max = MOST, whole, bare = 's' }) {
    const unit = whole ? { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }[bare] : 1;
    return fc.integer({ min: Math.ceil(min / unit), max: Math.floor(max / unit) }).map((n) => n * unit);
  },
  choice: ({ values: known = { one: [] } }) => fc.constantFrom(...Object.keys(known)),
  seed: () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  text: () =>
    fc.oneof(
      word,
      fc.string({ minLength: 1 }).filter((text) => !text.includes('\0')),
    ),
  list: ({ separator }) =>
    separator ? fc.array(word, { minLength: 1 }) : fc.tuple(word).map((one) => [...one]),
  cpus: ({ max = 1023 }) =>
    fc.uniqueArray(fc.nat(max), { minLength: 1 }).map((list) => list.sort((a, b) => a - b)),
  percentiles: () =>
    fc.uniqueArray(decimal(1, 1e8), { minLength: 1 }).map((list) => list.sort((a, b) => a - b)),
  percent: () => decimal(1, 1e8),
  distribution: () =>
    fc.oneof(
      fc.constant({ kind: 'random' as const }),
      decimal(1, 5e6)
        .filter((theta) => theta !== 1)
        .map((theta) => ({ kind: 'zipf' as const, theta })),
      decimal(1, 999_999).map((h) => ({ kind: 'pareto' as const, h })),
      decimal(1, 99_999_999).map((deviation) => ({ kind: 'normal' as const, deviation })),
    ),
  steady: () =>
    fc.record(
      {
        metric: fc.constantFrom('iops' as const, 'bw' as const, 'lat' as const),
        range: fc.integer({ min: 1, max: 100 }).map((n) => n / 100),
        excursion: fc.option(fc.integer({ min: 1, max: 100 }).map((n) => n / 100)),
        rounds: fc.integer({ min: 2, max: 1000 }),
        roundNs: fc.integer({ min: 50_000_000, max: 2 ** 50 }),
      },
      { noNullPrototype: true },
    ),
  service: () =>
    fc.record(
      {
        type: fc.constantFrom('random' as const, 'roundrobin' as const),
        batch: fc.integer({ min: 1, max: 2 ** 31 }),
      },
      { noNullPrototype: true },
    ),
};

describe('kinds of options', () => {
  for (const option of knownOptions) {
    it(`reads back what it prints of --${option.flag}`, () => {
      const kind = kinds[option.kind];
      fc.assert(
        fc.property(values[option.kind](option) as fc.Arbitrary<never>, (value) => {
          assert.deepEqual(kind.parse(kind.format(value, option), option), value);
        }),
      );
    });

    it(`stores --${option.flag} as JSON`, () => {
      fc.assert(
        fc.property(values[option.kind](option) as fc.Arbitrary<never>, (value) => {
          const stored = kinds[option.kind].store(value, option);
          assert.deepEqual(JSON.parse(JSON.stringify(stored)), stored);
        }),
      );
    });
  }

  it('reads block sizes as fio does', () => {
    const parse = (text: string) =>
      Object.values(kinds.blocksizes.parse(text, spec('blocksizes', { min: 1 })));
    assert.deepEqual(parse('256k'), [262144, 262144, 262144]);
    assert.deepEqual(parse('8k,32k'), [8192, 32768, 32768]);
    assert.deepEqual(parse('8k,32k,'), [8192, 32768, undefined]);
    assert.deepEqual(parse(',8k'), [undefined, 8192, 8192]);
    assert.deepEqual(parse(',8k,'), [undefined, 8192, undefined]);
    assert.deepEqual(parse('4k,8k,16k'), [4096, 8192, 16384]);
    for (const text of ['', ',', ',,', '4k,8k,16k,32k', '4k/8k', '4k-8k', '0'])
      refused(() => parse(text), /^option=/);
  });

  it('reads booleans', () => {
    const parse = (text: string) => kinds.bool.parse(text, spec('bool'));
    for (const text of ['1', 'true', 'yes', 'on', 'TRUE']) assert.equal(parse(text), true, text);
    for (const text of ['0', 'false', 'no', 'off']) assert.equal(parse(text), false, text);
    for (const text of ['', '2', 'maybe', '-1']) refused(() => parse(text), /neither 1 nor 0/);
  });

  it('names the nearest choice', () => {
    const sync = spec('choice', { flag: 'sync', values: { none: ['0'], sync: ['1'], dsync: [] } });
    assert.equal(kinds.choice.parse('1', sync), 'sync');
    refused(
      () => kinds.choice.parse('dsyn', sync),
      /^unknown value sync=dsyn: did you mean 'dsync'\? \(one of: none, sync, dsync\)/,
    );
    refused(() => kinds.choice.parse('toString', sync), /^unknown value/);
    refused(() => kinds.choice.parse('sync:8', sync), /nothing may follow 'sync'/);
  });

  it("knows fio's distributions with their limits", () => {
    const parse = (text: string) => kinds.distribution.parse(text, spec('distribution'));
    assert.deepEqual(parse('zipf'), { kind: 'zipf', theta: 1.1 });
    assert.deepEqual(parse('zipf:0.9'), { kind: 'zipf', theta: 0.9 });
    assert.deepEqual(parse('pareto'), { kind: 'pareto', h: 0.2 });
    assert.deepEqual(parse('normal:10'), { kind: 'normal', deviation: 10 });
    for (const text of [
      'zipf:1',
      'zipf:0',
      'zipf:-1',
      'zipf:',
      'zipf:1.2:3',
      'pareto:1',
      'pareto:0',
      'pareto:0.00000000000000001',
      'normal',
    ]) {
      refused(() => parse(text), /^option=/);
    }
    for (const text of ['normal:100', 'random:1']) refused(() => parse(text), /^option=/);
    refused(() => parse('zipff:1.2'), /did you mean 'zipf'/);
  });

  it('reads file_service_type with its number of I/Os', () => {
    const parse = (text: string) => kinds.service.parse(text, spec('service'));
    assert.deepEqual(parse('random:8'), { type: 'random', batch: 8 });
    assert.deepEqual(parse('sequential'), { type: 'sequential', batch: 1 });
    for (const text of ['random:0', 'random:x', 'sequential:2', 'zipf', 'random:1:2', ''])
      refused(() => parse(text));
  });

  it('splits lists and refuses empty entries', () => {
    const backends = spec('list', { separator: ',' });
    assert.deepEqual(kinds.list.parse('sync, io_uring', backends), ['sync', 'io_uring']);
    refused(() => kinds.list.parse('sync,,io_uring', backends), /needs a value/);
    assert.deepEqual(kinds.list.parse('/dev/a:/dev/b', spec('list')), ['/dev/a:/dev/b']);
  });
});
