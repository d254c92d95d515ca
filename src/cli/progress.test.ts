import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { ProgressSample } from '../jobs/progress.ts';
import { createProgress, type ProgressOptions, terminalOf } from './progress.ts';

const sample: ProgressSample = {
  variant: 'io_uring',
  trial: 1,
  elapsedSeconds: 1.5,
  trialSeconds: 3,
  fractionDone: null,
  iops: 46_200,
  bwBytes: 46_200 * 4096,
  meanLatencyNs: 170_000,
  errors: 0,
};

/** A stream that keeps what is written, and a clock that is set by hand. */
function setUp(isTTY: boolean, quiet = false, more: Partial<ProgressOptions> = {}) {
  const written: string[] = [];
  let ms = 0;
  const stream = { isTTY, columns: 120, write: (text: string) => written.push(text) };
  const progress = createProgress(stream, { quiet, color: false, now: () => ms, ...more });
  return {
    stream,
    progress,
    written,
    at(seconds: number) {
      ms = seconds * 1000;
    },
    /** What the terminal's last line holds. */
    lastLine: () => stripVTControlCharacters(written.join('').split('\r').at(-1) ?? ''),
  };
}

const plan = { variants: ['sync', 'io_uring'], trials: 2, expectedSeconds: 12 };

describe('progress elsewhere than on a terminal', () => {
  it('is the plan, then a line every five seconds', () => {
    const { progress, written, at } = setUp(false);
    progress.start(plan);
    for (let s = 0.2; s <= 12; s += 0.2) {
      at(s);
      progress.sample({ ...sample, variant: s < 6 ? 'sync' : 'io_uring', elapsedSeconds: s % 3 });
    }
    progress.end();
    assert.equal(written[0], '2 backends x 2 trials x 3 s: about 12 s\n');
    assert.equal(written.length, 3);
    assert.match(
      written[1] ?? '',
      /^sync, trial 1 of 2, \d+ % done: 46,200 IOPS, 180\.5 MiB\/s, mean 170 usec\n$/,
    );
    assert.ok(written.every((line) => !line.includes('\u001b')));
  });

  it('says what comes beside the trials, and when there may be fewer', () => {
    const { progress, written, at } = setUp(false);
    progress.start({ ...plan, trialSeconds: 1.2, expectedSeconds: 5.8 });
    at(6);
    progress.sample({ ...sample, trial: 0 });
    progress.start({ ...plan, trials: 30, atMost: true, trialSeconds: 1, expectedSeconds: 60 });
    assert.equal(written[0], '2 backends x 2 trials x 1.2 s: about 5.8 s\n');
    assert.match(written[1] ?? '', /^io_uring, warm-up, 0 % done: /);
    assert.equal(written[2], '2 backends x up to 30 trials x 1 s: at most 60 s\n');
  });

  it('tells of slow layout and of errors', () => {
    const { progress, written, at } = setUp(false);
    progress.layout(0, 2 ** 30);
    at(6);
    progress.layout(2 ** 29, 2 ** 30);
    at(12);
    progress.sample({ ...sample, errors: 3 });
    assert.match(written.join(''), /^laying out files: 512 MiB of 1 GiB\nio_uring.* 3 errors\n$/);
  });

  it('keeps notes on one line', () => {
    const { progress, written } = setUp(false);
    progress.note('a\n\u001b[2Jb');
    assert.deepEqual(written, ['a \\x1b[2Jb\n']);
  });
});

describe('progress on a terminal', () => {
  it('is one line that is redrawn, with the time that is left', () => {
    const { progress, written, at, lastLine } = setUp(true);
    progress.start(plan);
    at(1.5);
    progress.sample(sample);
    assert.match(
      lastLine(),
      /^io_uring {2}1\/2 {2}\[===> +\] {2}1 s, 11 s left +46,200 IOPS +180\.5 MiB\/s {2}mean 170 usec$/,
    );
    at(4.5);
    progress.sample({ ...sample, trial: 2 });
    assert.match(lastLine(), /\[=+> +\] {2}4 s, 8 s left/);
    assert.equal(written.join('').split('\n').length, 2, 'only the plan ends its line');
  });

  it('hides the cursor once, and gives it back however often it ends', () => {
    const before = process.listenerCount('exit');
    const { progress, written, at } = setUp(true);
    progress.layout(1, 2);
    assert.equal(process.listenerCount('exit'), before + 1);
    at(1);
    progress.sample(sample);
    progress.end();
    progress.end();
    const all = written.join('');
    assert.equal(all.split('\u001b[?25l').length, 2);
    assert.equal(all.split('\u001b[?25h').length, 2);
    assert.ok(all.endsWith('\r\u001b[K\u001b[?25h'));
    assert.equal(process.listenerCount('exit'), before);
  });

  it('writes nothing that it has not begun', () => {
    const { progress, written } = setUp(true);
    progress.end();
    assert.deepEqual(written, []);
  });

  it('draws at most ten times a second', () => {
    const { progress, written, at } = setUp(true);
    for (let ms = 0; ms <= 1000; ms += 10) {
      at(ms / 1000);
      progress.sample(sample);
    }
    assert.equal(written.filter((text) => text.includes('IOPS')).length, 11);
  });

  it('puts notes above the line', () => {
    const { progress, at, written, lastLine } = setUp(true);
    at(1);
    progress.sample(sample);
    progress.note('sync is skipped');
    assert.ok(stripVTControlCharacters(written.join('')).includes('\rsync is skipped\n\rio_uring'));
    assert.match(lastLine(), /^io_uring/);
  });

  it('has no bar when an end is unknown', () => {
    const { progress, at, lastLine } = setUp(true);
    progress.start({ ...plan, expectedSeconds: null });
    at(2);
    progress.sample({ ...sample, trialSeconds: null });
    assert.match(lastLine(), /^io_uring {2}1\/2 {2}2 s +46,200 IOPS/);
    at(3);
    progress.sample({ ...sample, trialSeconds: null, fractionDone: 0.5 });
    assert.match(lastLine(), /\[=+> +\] {2}3 s, 21 s left/);
  });
});

describe('the last minute', () => {
  it('is shown behind the line where there is room, of the trial that runs', () => {
    const { progress, at, stream, lastLine } = setUp(true);
    progress.start(plan);
    progress.sample(sample);
    for (const iops of [100, 50, 0]) progress.interval?.({ seconds: 1, iops, p99Ns: iops > 0 ? 1e6 : null });
    stream.columns = 140;
    at(1);
    progress.sample(sample);
    assert.match(lastLine(), / {2}█▅▁ {2}p99 ██ $/);
    stream.columns = 70;
    at(2);
    progress.sample(sample);
    assert.doesNotMatch(lastLine(), /[▁█]/);
    stream.columns = 140;
    at(3);
    progress.sample({ ...sample, trial: 2 });
    assert.doesNotMatch(lastLine(), /[▁█]/);
  });

  it('has twenty columns at the most', () => {
    const { progress, at, stream, lastLine } = setUp(true);
    stream.columns = 160;
    progress.start(plan);
    progress.sample(sample);
    for (let i = 0; i < 500; i++) progress.interval?.({ seconds: 1, iops: i, p99Ns: 1 });
    at(1);
    progress.sample(sample);
    assert.match(lastLine(), / [▇█]{20} {2}p99 █{20}$/);
  });
});

describe('a terminal that is to be spared', () => {
  it('gets a line that is redrawn without escape sequences with NO_COLOR', () => {
    const { progress, written, at, lastLine } = setUp(true, false, terminalOf({ NO_COLOR: '1' }));
    progress.start(plan);
    at(1.5);
    progress.sample(sample);
    const first = lastLine();
    progress.note('a note');
    progress.end();
    assert.ok(!written.join('').includes('\u001b'));
    assert.match(first, /^io_uring .*IOPS/);
    assert.ok(written.join('').endsWith(`\r${' '.repeat(first.length)}\r`), 'nothing of it stays');
  });

  it('gets lines now and then with TERM=dumb', () => {
    const { progress, written, at } = setUp(true, false, terminalOf({ TERM: 'dumb' }));
    progress.start(plan);
    at(1.5);
    progress.sample(sample);
    at(6);
    progress.sample(sample);
    progress.end();
    assert.ok(
      written.every((text) => text === `${stripVTControlCharacters(text).trim()}\n`),
      written.join(''),
    );
    assert.equal(written.length, 2);
  });

  it('gets all of it otherwise', () => {
    assert.deepEqual(terminalOf({ TERM: 'xterm', NO_COLOR: '' }), {});
  });
});

describe('a window that becomes narrow', () => {
  it('keeps bar and time', () => {
    const { progress, at, stream, lastLine } = setUp(true);
    stream.columns = 60;
    progress.start(plan);
    at(1.5);
    progress.sample(sample);
    assert.match(lastLine(), /^io_uring .*\[=+> +\] {2}1\/12 s/);
    assert.ok(lastLine().length < 60);
  });

  it('has no stale line: what it has folded over several rows goes', () => {
    const { progress, at, stream, written, lastLine } = setUp(true);
    progress.start(plan);
    at(1.5);
    progress.sample(sample);
    const wide = lastLine().length;
    stream.columns = 40;
    at(1.7);
    progress.sample(sample);
    const rows = Math.ceil(wide / 40);
    assert.ok(rows > 1);
    assert.ok(written.includes(`\u001b[${rows - 1}A\r\u001b[J`));
    at(1.9);
    progress.sample(sample);
    assert.equal(written.at(-2), '\r\u001b[K', 'then one row is enough again');
  });
});

describe('quiet progress', () => {
  it('says nothing at all', () => {
    const { progress, written, at } = setUp(true, true);
    progress.start(plan);
    at(10);
    progress.layout(1, 2);
    progress.sample(sample);
    progress.note('x');
    progress.end();
    assert.deepEqual(written, []);
  });
});
