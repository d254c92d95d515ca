import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { invocationOf } from '../../test/support/invocation.ts';
import { backends, parseVariant } from '../backends/registry.ts';
import { findOption, knownOptions, parseOption, readOptions, unknownOption } from './option-reader.ts';
import { ofOtherName, otherNames } from './other-names.ts';

/** The command lines in a text: `--bs`, `--sync=dsync`, `--backend io_uring+sqpoll`, `--job 'name=a rw=read' --job '...'`. */
function linesIn(text: string): string[][] {
  const option = /--[a-z-]+(?:=[\w.:+-]+| '[^']*'| [a-z_]+\+\w+)?/g;
  return [...text.matchAll(option)].map(([words]) =>
    (words.match(/--[a-z-]+=?|'[^']*'|[^\s=]+/g) ?? []).map((word) => word.replaceAll("'", '')),
  );
}

describe('what is said of names that are none here', () => {
  it('names options that exist, with values that can be read', async () => {
    const seen = new Set<string>();
    for (const text of otherNames.values()) {
      for (const [typed = '', value] of linesIn(text)) {
        const spec = findOption(typed.replace(/^--|=$/g, ''));
        assert.ok(spec !== undefined, `${text}: ${typed}`);
        seen.add(spec.flag);
        if (value === undefined) continue;
        const { options } = await invocationOf([`--${spec.flag}=${value}`]);
        assert.doesNotThrow(() => readOptions(options), text);
        if (spec.flag === 'backend') assert.doesNotThrow(() => parseVariant(value), text);
      }
    }
    assert.ok(seen.size > 35, `${seen.size} options are named`);
  });

  it('is of names that no option has, each with one meaning', () => {
    for (const name of otherNames.keys()) {
      assert.equal(findOption(name), undefined, name);
      assert.match(name, /^[a-z]+(-[a-z]+)*$/, name);
    }
  });

  const cases: [typed: string, ours: RegExp][] = [
    ['threads', /^here it is --numjobs$/],
    ['block_size', /^here it is --bs$/],
    ['Queue-Depth', /^here it is --iodepth$/],
    ['time', /--runtime$/],
    ['file', /--filename$/],
    ['engine', /--backend$/],
    ['oflag', /^here it is --direct, or --sync$/],
    ['rwmixwrite', /^the other part: --rwmixread$/],
    ['stonewall', /after=a/],
    ['iorate', /^here it is --rate-iops$/],
    ['rate-cycle', /not yet here$/],
    ['bssplit', /not yet here$/],
    ['fixedbufs', /^it is a feature of the backend: --backend io_uring\+fixedbufs$/],
    [
      'vectored',
      /--backend sync\+vectored, or --backend threadpool\+vectored, or --backend io_uring\+vectored$/,
    ],
    ['force_async', /--backend io_uring\+force_async$/],
    ['io_uring', /^here it is --backend io_uring$/],
    ['libaio', /^here it is --backend linux-aio$/],
    ['randread', /^here it is --rw=randread$/],
    ['json', /^here it is --output-format=json$/],
  ];
  for (const [typed, ours] of cases) {
    it(`--${typed}`, () => assert.match(unknownOption(typed, '--').hint ?? '', ours));
  }

  it('tells every feature and backend', () => {
    for (const { name, aliases, features } of backends) {
      for (const word of [name, ...Object.keys(aliases), ...features.map((feature) => feature.name)]) {
        const plain = word.replaceAll('_', '-');
        if (findOption(plain) === undefined) assert.ok(ofOtherName(plain, knownOptions), word);
      }
    }
  });

  it('is nothing of what nobody says', () => {
    for (const name of ['iodept', 'xyzzy', 'constructor', ''])
      assert.equal(ofOtherName(name, knownOptions), undefined);
  });
});

describe('what is said of words that are no value', () => {
  it('names values that exist, for words that none of them is', () => {
    const choices = knownOptions.filter(({ meant }) => meant !== undefined);
    assert.ok(choices.length > 4);
    for (const { flag, values = {}, meant = {} } of choices) {
      for (const [value, words] of Object.entries(meant)) {
        assert.ok(value in values, `${flag}=${value}`);
        for (const word of words) {
          assert.throws(
            () => parseOption(flag, word),
            new RegExp(`did you mean .*'${value}'`),
            `${flag}=${word}`,
          );
        }
      }
    }
  });

  it('names backends for what they are called', () => {
    for (const { name, meant } of backends) {
      for (const word of meant) {
        assert.throws(
          () => parseVariant(word),
          new RegExp(`unknown backend '${word}': did you mean .*'${name}'`),
        );
      }
    }
    assert.throws(() => parseVariant('aio'), /did you mean 'posix-aio' or 'linux-aio'\?$/);
    assert.throws(() => parseVariant('URING+sqpoll'), /did you mean 'io_uring'\?$/);
  });
});
