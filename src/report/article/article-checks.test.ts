import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { syntheticArticle } from '../../../test/fixtures/synthetic-runs.ts';
import { articleOf } from '../../results/document.ts';
import type { DeviceReads } from '../../results/schema-report.ts';
import { checkCache, checkLines, cpuLine } from './article-checks.ts';

const GIB = 2 ** 30;
const read = (process: number | null, device: number | null, io = GIB): DeviceReads => ({
  variant: 'sync',
  trial: 1,
  io_bytes: io,
  process_bytes: process,
  device_bytes: device,
});

describe('the check of the page cache', () => {
  it('trusts our own reads more than those of the device', () => {
    const check = checkCache({ device_reads: [read(0, 10 * GIB), read(4096, 10 * GIB)] });
    assert.deepEqual(check, { cached: true, ioBytes: 2 * GIB, readBytes: 4096, witness: 'process' });
    assert.equal(checkCache({ device_reads: [read(null, 0), read(0, 0)] }).witness, 'device');
    assert.equal(checkCache({ device_reads: [read(null, GIB)] }).cached, false);
    assert.deepEqual(checkCache({ device_reads: [read(null, null)] }).cached, null);
    assert.deepEqual(checkCache({ device_reads: [] }).cached, null);
  });

  it('fails when one trial read from the device', () => {
    assert.equal(checkCache({ device_reads: [read(0, 0), read(GIB / 100, 0), read(0, 0)] }).cached, false);
    assert.equal(checkCache({ device_reads: [read(2 ** 20, 0, 4096)] }).cached, true, 'programs are loaded');
    assert.equal(checkCache({ device_reads: [read(2 ** 20 + 1, 0, 4096)] }).cached, false);
  });

  it('names the witness and its figures', () => {
    const report = articleOf(syntheticArticle('table2', 2));
    assert.ok(report);
    assert.match(
      checkLines(report).join(),
      /^Page cache: reads did not reach a device: 0 B beside [\d.]+ GiB from the cache in 8 trials \(the jobs' read_bytes in \/proc\/self\/io; nvme0n1 read 64 KiB/,
    );
    for (const one of report.device_reads) one.process_bytes = null;
    assert.match(checkLines(report).join(), /\(sectors read of \/sys\/block\/nvme0n1\/stat\)/);
    for (const one of report.device_reads) one.device_bytes = one.io_bytes;
    assert.match(checkLines(report).join(), /^NOT the article's table 2: reads reached the device: /);
    for (const one of report.device_reads) one.device_bytes = null;
    assert.match(checkLines(report).join(), /is not known/);
    assert.deepEqual(checkLines({ ...report, device_reads: [] }), []);
  });

  it('says of direct reads how much the device read', () => {
    const report = articleOf(syntheticArticle('table1', 2));
    assert.ok(report);
    assert.match(checkLines(report).join(), /^Direct I\/O: 100 % of the bytes, /);
  });
});

describe('the use of the CPUs', () => {
  it('says whether they were the limit', () => {
    const result = syntheticArticle('table1', 2);
    assert.match(
      cpuLine(result),
      /^Use of 8 CPUs by jobs .*: sync 95 %, .*; saturated, as in the article\.$/,
    );
    result.environment.cpus_allowed = 16;
    assert.match(cpuLine(result), /sync 48 %, .*where they are not, the device decides\.$/);
    for (const backend of result.backends) backend.summary = null;
    assert.equal(cpuLine(result), 'No backend ran.');
  });
});
