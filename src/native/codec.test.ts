import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAYOUT } from './abi.ts';
import { encode, fieldOf, Reader, type StructName } from './codec.ts';

const scalars = (struct: StructName) =>
  Object.entries(LAYOUT[struct].fields).filter(([, field]) => field.kind !== 'bytes');

/** A value of the field's kind that comes back as a number. */
const scalarOf = (kind: string): fc.Arbitrary<number> => {
  if (kind === 'u32') return fc.integer({ min: 0, max: 2 ** 32 - 1 });
  if (kind === 'i32') return fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });
  if (kind === 'f64') return fc.double({ noNaN: true });
  return fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
};

for (const struct of Object.keys(LAYOUT) as StructName[]) {
  test(`${struct}: what is encoded is read back`, () => {
    const values = fc.record(
      Object.fromEntries(scalars(struct).map(([name, { kind }]) => [name, scalarOf(kind)])),
    );
    fc.assert(
      fc.property(values, (record) => {
        const reader = new Reader(encode(struct, record as never));
        for (const [name, value] of Object.entries(record)) {
          assert.equal(reader.number(0, struct, name as never), value, name);
        }
      }),
    );
  });

  test(`${struct}: fields lie inside and do not overlap`, () => {
    const taken = new Set<number>();
    for (const [name, { offset, bytes }] of Object.entries(LAYOUT[struct].fields)) {
      assert.ok(offset + bytes <= LAYOUT[struct].size, name);
      for (let at = offset; at < offset + bytes; at++) {
        assert.ok(!taken.has(at), `${name} overlaps at ${at}`);
        taken.add(at);
      }
    }
  });
}

test('a value that does not fit is refused, not cut', () => {
  const file = { path: 0, offset: 0, size: 0, kind: 0, known: 0, dev: 0, inode: 0, rdev: 0, diskseq: 0 };
  assert.throws(() => encode('file', { ...file, kind: 2 ** 32 }), /file\.kind.*does not fit/);
  assert.throws(() => encode('file', { ...file, kind: -1 }), /file\.kind.*does not fit/);
  assert.throws(() => encode('file', { ...file, size: 2n ** 64n }), /file\.size.*does not fit/);
  assert.throws(() => encode('file', { ...file, size: 2 ** 60 }), /not an exact integer/);
  assert.throws(() => encode('file', { ...file, size: 0.5 }), /not an exact integer/);
});

test('a count beyond 2^53 is refused when read, and comes whole as a bigint', () => {
  const value = 2n ** 63n + 1n;
  const reader = new Reader(
    encode('file', {
      path: 0,
      offset: 0,
      size: value,
      kind: 0,
      known: 0,
      dev: 0,
      inode: 0,
      rdev: 0,
      diskseq: 0,
    }),
  );
  assert.throws(() => reader.number(0, 'file', 'size'), /beyond 2\^53/);
  assert.equal(reader.bigint(0, 'file', 'size'), value);
});

test('text ends at the first NUL or with its field', () => {
  const bytes = Buffer.from('open\0rest');
  const reader = new Reader(bytes);
  assert.equal(reader.text(0, 9), 'open');
  assert.equal(reader.text(5, 4), 'rest');
  assert.ok(fieldOf('result', 'stage').bytes >= 32);
});
