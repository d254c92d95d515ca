import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused } from '../../test/support/refused.ts';
import { backends } from '../backends/registry.ts';
import { groups } from '../values/option-spec.ts';
import {
  findOption,
  formatOption,
  knownOptions,
  parseOption,
  readOptions,
  unknownOption,
} from './option-reader.ts';

describe('the option table', () => {
  it('has every name once', () => {
    const names = knownOptions.flatMap(({ flag, aliases = [] }) => [flag, ...aliases]);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z]+(-[a-z]+)*$/);
  });

  it('has defaults that its own options read and print', () => {
    for (const { flag, default: text } of knownOptions) {
      if (text !== undefined) assert.equal(formatOption(flag, parseOption(flag, text)), text, flag);
    }
  });

  it('says what holds when an option is not given', () => {
    for (const spec of knownOptions) {
      assert.ok(spec.default !== undefined || spec.defaultNote !== undefined, spec.flag);
    }
  });

  it('reads what a flag without a value stands for', () => {
    for (const { flag, whenBare } of knownOptions) {
      if (whenBare !== undefined) assert.doesNotThrow(() => parseOption(flag, whenBare));
    }
  });

  it('names groups and backends that exist', () => {
    const names = backends.map((backend) => backend.name);
    for (const spec of knownOptions) {
      assert.ok(spec.group in groups, spec.flag);
      for (const backend of spec.backends ?? []) assert.ok(names.includes(backend), backend);
    }
  });

  it('explains each option in one line that begins small and has no full stop', () => {
    for (const { flag, help } of knownOptions) {
      assert.doesNotMatch(help, /\n|\.$/, flag);
      assert.ok(help.length <= 75, `${flag}: ${help.length}`);
    }
  });
});

describe('names of options', () => {
  it("takes _ for - and fio's other names", () => {
    for (const name of ['iodepth_batch', 'iodepth-batch-submit', 'iodepth_batch_submit', 'IODEPTH_BATCH']) {
      assert.equal(findOption(name)?.flag, 'iodepth-batch-submit', name);
    }
    assert.equal(findOption('ioengine')?.flag, 'backend');
    assert.equal(findOption('blocksize')?.flag, 'bs');
    assert.equal(findOption('readwrite')?.flag, 'rw');
    assert.equal(findOption('constructor'), undefined);
  });

  it('names the nearest one', () => {
    assert.match(
      unknownOption('iodept', '--').message,
      /^unknown option '--iodept': did you mean '--iodepth'\?$/,
    );
    assert.match(unknownOption('io_dept', '').message, /did you mean 'iodepth'/);
    assert.match(unknownOption('no-sav', '--').message, /did you mean '--no-save'/);
    assert.equal(unknownOption('xyzzy', '--').message, "unknown option '--xyzzy'");
    assert.match(unknownOption('fixedbufs', '--').hint ?? '', /io_uring\+fixedbufs/);
  });
});

describe('reading options', () => {
  it('lets the last one count, but adds lists up', () => {
    const { raw } = readOptions([
      { flag: 'iodepth', text: '4' },
      { flag: 'filename', text: 'a' },
      { flag: 'iodepth', text: '8' },
      { flag: 'filename', text: 'b:c' },
    ]);
    assert.deepEqual(raw, { iodepth: 8, filename: ['a', 'b:c'] });
  });

  it('warns that MiB are millions', () => {
    const { raw, warnings } = readOptions([
      { flag: 'size', text: '64MiB' },
      { flag: 'io-size', text: '64m' },
    ]);
    assert.equal(raw.size, 64e6);
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0]?.code, 'decimal-size');
    assert.match(warnings[0]?.message ?? '', /size=64MiB is 64000000 bytes.*\(64m is 67108864 bytes\)/);
  });

  it('refuses the first that is wrong', () => {
    refused(() => readOptions([{ flag: 'iodepth', text: 'many' }]), /^iodepth=many is not a whole number/);
    refused(
      () => readOptions(['a', 'b'].map((text) => ({ flag: 'name', text }))),
      /^name=a and name=b: a second name would begin a second job in fio/,
    );
    for (const name of ['hipri', 'sqthread_poll']) {
      refused(() => {
        throw unknownOption(name, '--');
      }, /^there is no option --\w+ \(it is a feature of the backend/);
    }
  });
});
