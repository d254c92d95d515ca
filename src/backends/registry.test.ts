import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BenchError } from '../errors.ts';
import { BACKENDS } from '../native/abi.ts';
import { backends, defaultVariants, parseVariant } from './registry.ts';

const refused = (text: string, message: RegExp, hint?: RegExp) =>
  assert.throws(
    () => parseVariant(text),
    (error) => {
      assert.ok(error instanceof BenchError);
      assert.equal(error.kind, 'usage');
      assert.match(error.message, message);
      if (hint) assert.match(error.hint ?? '', hint);
      return true;
    },
  );

test('names, numbers and feature bits are unique', () => {
  const names = backends.flatMap((b) => [b.name, ...Object.keys(b.aliases)]);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(backends.map((b) => b.id)).size, backends.length);
  for (const { features, presets, aliases } of backends) {
    assert.equal(new Set(features.map((f) => f.bit)).size, features.length);
    const known = features.map((f) => f.name);
    for (const name of [...Object.values(presets), ...Object.values(aliases)].flat()) {
      assert.ok(known.includes(name), name);
    }
  }
});

test('features are sorted into one canonical name, whatever their order', () => {
  const one = parseVariant('io_uring+registerfiles+fixedbufs');
  const other = parseVariant('io_uring+fixedbufs+registerfiles+fixedbufs');
  assert.equal(one.name, 'io_uring+fixedbufs+registerfiles');
  assert.equal(other.name, one.name);
});

test("the article's name stands for both registrations and stays the label", () => {
  const variant = parseVariant('io_uring+enhanced');
  assert.equal(variant.name, 'io_uring+fixedbufs+registerfiles');
  assert.equal(variant.label, 'io_uring+enhanced');
});

test("fio's names are aliases", () => {
  assert.equal(parseVariant('psync').name, 'sync');
  assert.equal(parseVariant('pvsync2').name, 'sync+vectored');
  assert.equal(parseVariant('posixaio').name, 'posix-aio');
  assert.equal(parseVariant('libaio').name, 'linux-aio');
});

test('an unknown backend or feature is an error that lists those that exist', () => {
  refused(
    'io_urin',
    /unknown backend 'io_urin': did you mean 'io_uring'\?/,
    /sync, posix-aio, threadpool, linux-aio, io_uring, mmap, null/,
  );
  refused(
    'io_uring+fixedbuf',
    /has no feature 'fixedbuf': did you mean 'fixedbufs'\?/,
    /registerfiles, fixedbufs/,
  );
  refused('posix-aio+fixedbufs', /posix-aio has no feature 'fixedbufs'/);
  refused('', /unknown backend ''/);
  refused('io_uring+', /io_uring has no feature ''/);
});

test('the default comparison is made of what exists', () => {
  assert.deepEqual(
    defaultVariants.map((text) => parseVariant(text).label),
    defaultVariants,
  );
});

test('the words of features are of those that the native library knows', () => {
  for (const backend of backends) {
    const facts = BACKENDS[backend.name as keyof typeof BACKENDS];
    const known: Readonly<Record<string, { bit: number }>> = facts.features;
    assert.deepEqual(backend.features.map(({ name }) => name).sort(), Object.keys(known).sort());
    for (const { name, bit, needs, excludes } of backend.features) {
      assert.equal(bit, known[name]?.bit);
      for (const other of [...needs, ...excludes]) assert.ok(other in known, `${name}: ${other}`);
    }
  }
  assert.deepEqual(Object.keys(BACKENDS).sort(), backends.map(({ name }) => name).sort());
});
