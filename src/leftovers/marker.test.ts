import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import {
  dropLine,
  type EntryKind,
  headLine,
  madeLine,
  makeLine,
  markerId,
  markerName,
  readMarker,
} from './marker.ts';
import { type Owner, thisProcess, whyNotDead } from './owner.ts';

const SINCE = '2026-11-29T19:00:00.000Z';
const HEAD = headLine(thisProcess(), SINCE);

/** Any name that a file can have, line breaks and quotes included. */
const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..');
const entry = fc.record({
  kind: fc.constantFrom<EntryKind>('file', 'named', 'empty', 'folder', 'tree'),
  name,
  identity: fc.record({ inode: fc.bigInt(0n, 2n ** 64n - 1n), born: fc.bigInt(0n, 2n ** 63n - 1n) }),
});

describe('a marker', () => {
  it('is read as it was written, up to any byte that was the last', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.nat(), (entries, at) => {
        const lines = entries.flatMap((one) => [
          makeLine(one.kind, one.name),
          madeLine(one.kind, one.name, one.identity),
        ]);
        const text = HEAD + lines.join('');
        const whole = readMarker(text);
        assert.deepEqual(whole?.owner, thisProcess());
        assert.deepEqual(
          [...(whole?.entries ?? [])],
          [...new Map(entries.map((one) => [one.name, { ...one, identity: { ...one.identity } }]))],
        );
        // Killed in the middle of a write: all whole lines count.
        const cut = HEAD.length + (at % (text.length - HEAD.length + 1));
        const part = readMarker(text.slice(0, cut));
        const count = text.slice(HEAD.length, cut).split('\n').length - 1;
        assert.equal(part?.making ?? null, count % 2 === 1 ? entries[(count - 1) / 2]?.name : null);
      }),
    );
  });

  it('names nothing outside of its folder', () => {
    for (const bad of ['a/b', '/etc/passwd', '..', '.', '', '../x', 'a\0b']) {
      assert.equal(readMarker(HEAD + madeLine('file', bad, { inode: 1n, born: 1n })), null, bad);
      assert.equal(readMarker(HEAD + makeLine('file', bad)), null, bad);
    }
  });

  it('says nothing when a line of it is none of ours', () => {
    const odd = madeLine('file', '\u2028\r\n"\u2029', { inode: 1n, born: 1n });
    assert.equal(readMarker(HEAD + odd)?.entries.size, 1);
    const good = madeLine('file', 'a', { inode: 1n, born: 1n });
    assert.equal(readMarker(HEAD + good)?.entries.size, 1);
    const lines = ['x\n', '\n', 'file 1 "a"\n', 'file -1 1 "a"\n', 'file 1 1 {"a":1}\n', 'file 1 1 "a" \n'];
    for (const bad of [...lines, HEAD])
      assert.equal(readMarker(HEAD + good + bad), null, JSON.stringify(bad));
    for (const head of ['', 'uring-bench 2 pid=1\n', HEAD.replace('since=2026', 'since=20x6')]) {
      assert.equal(readMarker(head + good), null, head);
    }
  });

  it('is read to an end, whatever it holds', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('make file ', 'file 1 2 ', 'drop ', '"a"', '\n', '"', '\\', '\u2028', HEAD),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        for (const text of [pieces.join(''), HEAD + pieces.join('')]) {
          for (const key of readMarker(text)?.entries.keys() ?? []) assert.doesNotMatch(key, /[/\0]/);
        }
      }),
    );
  });

  it('no longer names what was dropped', () => {
    const text = HEAD + makeLine('file', 'a') + dropLine('a') + makeLine('file', 'b');
    const marker = readMarker(text);
    assert.deepEqual([...(marker?.entries.keys() ?? []), marker?.making], ['b', 'b']);
  });

  it('is known by its name', () => {
    const id = '0123456789abcdef01234567';
    assert.equal(markerId(markerName(id)), id);
    for (const other of [`x${markerName(id)}`, `${markerName(id)}x`, '.uring-bench-1.run', 'a.run']) {
      assert.equal(markerId(other), null);
    }
  });
});

test('an owner is dead when no process of this kernel or of another machine can be it', () => {
  const here = thisProcess();
  const why = (change: Partial<Owner>, local = false) => whyNotDead({ ...here, ...change }, here, local);
  assert.match(why({}) ?? '', /at work/);
  assert.equal(why({ start: '1' }), null, 'its number is used again');
  assert.equal(why({ pidns: '1' }), null, 'a number of another namespace says nothing; its lock is free');
  const boot = '00000000-0000-0000-0000-000000000000';
  assert.match(why({ boot, machine: '0123456789abcdef' }) ?? '', /another machine/);
  assert.match(why({ boot, machine: '-' }) ?? '', /another machine/);
  assert.equal(why({ boot, machine: '-' }, true), null, 'no other machine has this file system');
  if (here.machine !== '-') assert.equal(why({ boot }), null, 'this machine was restarted');
});
