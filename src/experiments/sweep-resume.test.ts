import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused } from '../../test/support/refused.ts';
import type { WrittenOption } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { gridPoints, readGrid } from '../options/sweep-grid.ts';
import { checkSameGrid, gridOf, storedGrid } from './sweep-resume.ts';

const grid = (...options: [Flag, string][]) =>
  readGrid(options.map(([flag, text]): WrittenOption => ({ flag, text })));

const begun = grid(
  ['backend', 'sync'],
  ['backend', 'io_uring'],
  ['filename', 'a,b'],
  ['size', '1MiB'],
  ['iodepth', '1..8'],
  ['bs', '4k,8k'],
);

describe('a sweep that goes on', () => {
  it('has the grid that it began with', () => {
    const again = gridOf(JSON.parse(JSON.stringify(storedGrid(begun))), 'f.json');
    assert.deepEqual(gridPoints(again), gridPoints(begun));
    assert.equal(again.axis, begun.axis);
    assert.doesNotThrow(() => checkSameGrid(again, begun, 'f.json'));
  });

  it('takes the same options in another spelling and order', () => {
    const same = grid(
      ['bs', '4096,8k'],
      ['iodepth', '1,2,4,8'],
      ['size', '1000000'],
      ['filename', 'a,b'],
      ['backend', 'sync'],
      ['backend', 'io_uring'],
    );
    assert.doesNotThrow(() => checkSameGrid(same, begun, 'f.json'));
  });

  it('refuses other options, and names the first', () => {
    const other =
      (...options: [Flag, string][]) =>
      () =>
        checkSameGrid(grid(...options), begun, 'f.json');
    refused(
      other(['iodepth', '1..16'], ['bs', '4k,8k']),
      /f\.json was swept with bs|with iodepth=1,2,4,8, not with/,
    );
    refused(
      () =>
        checkSameGrid(
          grid(['iodepth', '1..8'], ['bs', '4k']),
          grid(['iodepth', '1..8'], ['bs', '8k']),
          'f.json',
        ),
      /^f\.json was swept with bs=8k, not with bs=4k \(--resume FILE alone goes on as it began\)$/,
    );
    refused(
      () => checkSameGrid(grid(['iodepth', '1,2'], ['trials', '3']), grid(['iodepth', '1,2']), 'f.json'),
      /^f\.json was swept without trials, not with trials=3/,
    );
    refused(
      () => checkSameGrid(grid(['iodepth', '1,2']), grid(['iodepth', '1,2'], ['numjobs', '2']), 'f.json'),
      /^f\.json was swept with numjobs=2, not without numjobs/,
    );
  });

  it('takes no consent from a file, and none into it', () => {
    const given: [Flag, string][] = [
      ['allow-overwrite', '1'],
      ['destroy-device', '/dev/sdx'],
    ];
    const options = Object.fromEntries(given.map(([flag, text]) => [flag, [text]]));
    const hostile = { ...storedGrid(begun), options: { ...storedGrid(begun).options, ...options } };
    assert.deepEqual(gridOf(hostile, 'f.json'), begun);
    const consent = given.map(([flag, text]): WrittenOption => ({ flag, text }));
    const again = gridOf(hostile, 'f.json', consent);
    assert.deepEqual(again.fixed.slice(-2), consent, 'that of this command line counts');
    assert.deepEqual(storedGrid(again), storedGrid(begun));
    assert.doesNotThrow(() => checkSameGrid(again, begun, 'f.json'));
  });

  it('refuses options of another version', () => {
    const stored = { ...storedGrid(begun), options: { 'no-such-option': ['1'] } };
    refused(() => gridOf(stored, 'f.json'), /^f\.json sweeps an unknown option 'no-such-option'/);
    const output = { ...storedGrid(begun), options: { output: ['/dev/sdx'] } };
    refused(() => gridOf(output, 'f.json'), /^f\.json sweeps an unknown option 'output'/);
  });
});
