/** fio on the same file with the same workload: no comparison, but figures of the same order. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { backends } from '../../src/backends/registry.ts';
import { benchResult, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { plainOf, realVariantsFor } from '../support/variants.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

const skip = firstReason(needsCommand('fio'), noDisk);
const FACTOR = 3;
const COMMON = ['--rw=randread', '--bs=4k', '--iodepth=8', '--numjobs=1', '--runtime=500ms', '--direct=1'];

/** fio's names are aliases here; io_uring has the same. */
function engineOf(name: string): string {
  const aliases = Object.keys(backends.find((backend) => backend.name === name)?.aliases ?? {});
  return ['psync', 'posixaio', 'libaio'].find((engine) => aliases.includes(engine)) ?? name;
}

function fioIops(path: string, engine: string): number {
  const args = [
    '--name=job',
    `--filename=${path}`,
    `--ioengine=${engine}`,
    '--time_based',
    '--output-format=json',
  ];
  const said = execFileSync('fio', [...args, '--thread', ...COMMON], { encoding: 'utf8' });
  const { jobs } = JSON.parse(said.slice(said.indexOf('{'))); // notes may stand before it
  return jobs[0].read.iops;
}

test("IOPS are of the order of fio's", { skip }, async (t) => {
  const path = dataFile(join(diskFolder(t), 'data'), 64 * 2 ** 20);
  // fio has no pool of its own.
  for (const { label } of plainOf(realVariantsFor('read')).filter(
    ({ label: name }) => name !== 'threadpool',
  )) {
    await t.test(label, async (t) => {
      const engine = engineOf(label);
      // The same words; fio's file and engine names are taken, too.
      const result = await benchResult(diskFolder(t), [
        `--ioengine=${engine}`,
        `--filename=${path}`,
        ...COMMON,
      ]);
      const own = trialOf(result).iops;
      const fio = fioIops(path, engine);
      t.diagnostic(`${own.toFixed(0)} IOPS, fio ${fio.toFixed(0)}`);
      assert.ok(own < fio * FACTOR && fio < own * FACTOR, `${own} and fio's ${fio}`);
    });
  }
});
