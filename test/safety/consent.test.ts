/** What may be overwritten is said on this command line, never by a file. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { SweepResult } from '../../src/results/sweep-schema.ts';
import { bench } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { victim } from '../support/victim.ts';

describe('consent', { skip: noDisk }, () => {
  it('is not taken from a stored sweep, and is asked for again', async (t) => {
    const folder = diskFolder(t);
    const mine = dataFile(join(folder, 'mine'), 2 ** 20);
    const kept = victim(mine);
    const short = ['--runtime=50ms', '--trials=1', '--warmup-trials=0', '--size=64k', '--rw=write'];
    const made = await bench(folder, ['sweep', '--backend=sync', '--bs=4k,8k', ...short, '--filename=new']);
    assert.equal(made.code, EXIT.ok, made.stderr);
    const path = join(folder, 'results', readdirSync(join(folder, 'results'))[0] ?? '');
    const sweep: SweepResult = JSON.parse(readFileSync(path, 'utf8'));
    sweep.points = [];
    Object.assign(sweep.grid.options, {
      filename: [mine],
      'allow-overwrite': ['1'],
      'destroy-device': [mine],
    });
    writeFileSync(path, JSON.stringify(sweep));

    const refused = await bench(folder, ['sweep', '--resume', path]);
    assert.equal(refused.code, EXIT.usage, refused.stderr);
    assert.match(refused.stderr, /mine is a file with 1048576 bytes: .* \(use --allow-overwrite/);
    kept.untouched();

    const agreed = await bench(folder, ['sweep', '--resume', path, '--allow-overwrite']);
    assert.equal(agreed.code, EXIT.ok, agreed.stderr);
    const after: SweepResult = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(after.points.length, 2);
    assert.ok(!('allow-overwrite' in after.grid.options), 'not stored for the next one either');
  });
});
