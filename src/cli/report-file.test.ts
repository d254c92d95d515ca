import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refused } from '../../test/support/refused.ts';
import { asNobody, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { checkReportFile, writeReportFile } from './report-file.ts';

test('a report replaces what was there, and leaves nothing else', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'report.md');
  checkReportFile(path);
  assert.deepEqual(readdirSync(folder), [], 'a check creates nothing');
  writeReportFile(path, 'one');
  checkReportFile(path);
  assert.equal(readFileSync(path, 'utf8'), 'one', 'a check changes nothing');
  writeReportFile(path, 'two');
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.deepEqual(readdirSync(folder), ['report.md']);
});

test('a symbolic link stays one', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'real'), 'old');
  symlinkSync('real', join(folder, 'link'));
  writeReportFile(join(folder, 'link'), 'new');
  assert.equal(readFileSync(join(folder, 'real'), 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder).sort(), ['link', 'real']);
});

test('a device takes the report as it is', () => {
  checkReportFile('/dev/null');
  writeReportFile('/dev/null', 'gone');
});

test('what cannot be written is refused before the run', (t) => {
  const folder = scratchFolder(t);
  refused(() => checkReportFile(folder), /is a directory/);
  refused(() => checkReportFile(join(folder, 'no', 'report')), /no such file or directory/);
  writeFileSync(join(folder, 'file'), '');
  refused(() => checkReportFile(join(folder, 'file', 'report')), /not a directory/);
});

test('a folder of somebody else is refused', { skip: skipUnless('nobody') }, (t) => {
  const folder = join(scratchFolder(t), 'own');
  mkdirSync(folder, { mode: 0o700 });
  asNobody(() => refused(() => checkReportFile(join(folder, 'report')), /permission denied/));
});
