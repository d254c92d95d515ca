import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BenchError, usageError } from '../errors.ts';
import { describeFailure } from './failure.ts';
import { columnsOf, takesColor, takesUtf8 } from './terminal.ts';

test('colours go to terminals, unless the environment says otherwise', () => {
  const terminal = { isTTY: true };
  assert.equal(takesColor(terminal, {}), true);
  assert.equal(takesColor({}, {}), false);
  assert.equal(takesColor(terminal, { NO_COLOR: '1' }), false);
  assert.equal(takesColor(terminal, { NO_COLOR: '' }), true);
  assert.equal(takesColor(terminal, { TERM: 'dumb' }), false);
  assert.equal(takesColor({}, { FORCE_COLOR: '1' }), true);
  assert.equal(takesColor(terminal, { FORCE_COLOR: '0' }), false);
  assert.equal(takesColor({}, { FORCE_COLOR: '1', NO_COLOR: '1' }), false);
});

test('the locale says whether texts are in UTF-8, the first of three that is set', () => {
  assert.equal(takesUtf8({ LANG: 'de_DE.UTF-8' }), true);
  assert.equal(takesUtf8({ LANG: 'C.utf8' }), true);
  assert.equal(takesUtf8({ LANG: 'de_DE.UTF-8', LC_CTYPE: 'C' }), false);
  assert.equal(takesUtf8({ LANG: 'C', LC_CTYPE: 'POSIX', LC_ALL: 'en_US.UTF-8' }), true);
  assert.equal(takesUtf8({ LC_ALL: '', LANG: 'C.UTF-8' }), true);
  assert.equal(takesUtf8({}), false);
});

test('a width is that of the terminal', () => {
  const stream = (isTTY: boolean, columns: number) => ({ isTTY, columns }) as NodeJS.WriteStream;
  assert.equal(columnsOf(stream(true, 132), 80), 132);
  assert.equal(columnsOf(stream(true, 0), 80), 80);
  assert.equal(columnsOf(stream(false, 132), 80), 80);
});

test('an error of the user is one line with its exit code', () => {
  assert.deepEqual(describeFailure(usageError('bs=0', 'use --bs=4k')), {
    text: 'uring-bench: bs=0 (use --bs=4k)\n',
    code: 2,
  });
  assert.equal(describeFailure(new BenchError('x', { kind: 'failed' })).code, 3);
  assert.equal(describeFailure(new BenchError('x', { kind: 'unavailable' })).code, 4);
  assert.equal(describeFailure(usageError('a\nb\u001b[2J')).text, 'uring-bench: a b\\x1b[2J\n');
});

test('anything else is a bug and shows where', () => {
  const { text, code } = describeFailure(new TypeError('undefined is not a function'));
  assert.equal(code, 3);
  assert.match(text, /^TypeError: undefined is not a function\n +at .*terminal\.test/);
  assert.match(text, /\nuring-bench: this is a bug: please report it .*\n$/);
});
