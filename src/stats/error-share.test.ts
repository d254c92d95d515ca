import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Trial } from '../results/schema.ts';
import { errorsText, tooManyErrors } from './error-share.ts';

/** A trial that did so many I/Os, with errors by code. */
function trial(ios: number, errors: Readonly<Record<string, number>>): Trial {
  const list = Object.entries(errors).map(([code, count]) => ({ code, count }));
  return { total_ios: ios, errors: list } as unknown as Trial;
}

it('takes a share of 1 % at the most', () => {
  const of = (ios: number, errors: Readonly<Record<string, number>>, label = 'io_uring') =>
    tooManyErrors({ label, trials: [trial(ios, errors)] });
  assert.equal(of(100, {}), null);
  assert.equal(of(0, {}), null);
  assert.equal(of(9900, { EIO: 100 }), null);
  assert.deepEqual(of(9899, { EIO: 60, ENODATA: 41 }), {
    failed: 101,
    share: 0.0101,
    codes: ['EIO', 'ENODATA'],
  });
  assert.equal(of(0, { EIO: 5 })?.share, 1);
  assert.equal(of(50, { EAGAIN: 50 }, 'io_uring+nowait'), null, 'what was asked for');
  assert.equal(of(50, { EAGAIN: 50 })?.share, 0.5);
});

it('is over all trials', () => {
  const trials = [trial(100, { EIO: 100 }), trial(20_000, {})];
  assert.equal(tooManyErrors({ label: 'sync', trials }), null);
  assert.match(
    errorsText({ label: 'sync', trials: [trial(300, { EIO: 100 })] }) ?? '',
    /^25 % of its I\/Os failed \(EIO\), and the figures are of the others$/,
  );
  assert.equal(
    errorsText({ label: 'sync', trials: [trial(0, { EIO: 9 })] }),
    '100 % of its I/Os failed (EIO)',
  );
});
