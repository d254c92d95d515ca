/** Bytes and I/Os in flight as the block layer and the process accounting have them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, diskLoop, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { watchProcess } from '../support/proc-watch.ts';
import { near } from '../support/result.ts';
import { skipUnless } from '../support/scratch.ts';
import { mainOf, realVariantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const MEBIBYTE = 2 ** 20;
const SECTOR_BYTES = 512;

interface DeviceStat {
  readBytes: number;
  writeBytes: number;
  /** Milliseconds that its requests took, summed: over a time, how many were in flight. */
  busyMs: number;
}

/** Documentation/block/stat.rst: read I/Os, merges, sectors, ms; write likewise; in flight, ms busy, ms of all. */
function deviceStat(device: string): DeviceStat {
  const text = readFileSync(`/sys/class/block/${basename(device)}/stat`, 'utf8');
  const fields = text.trim().split(/\s+/).map(Number);
  const [, , readSectors = 0, readMs = 0, , , writeSectors = 0, writeMs = 0] = fields;
  return {
    readBytes: readSectors * SECTOR_BYTES,
    writeBytes: writeSectors * SECTOR_BYTES,
    busyMs: readMs + writeMs,
  };
}

test('a device counts the bytes that are reported', {
  skip: firstReason(noDisk, skipUnless('loop')),
}, async (t) => {
  const { device } = diskLoop(t, 32 * MEBIBYTE);
  const folder = diskFolder(t);
  for (const variant of mainOf(realVariantsFor('read', 'write'))) {
    await t.test(variant.label, async (t) => {
      // Spelled out, so that nothing looks at what is on it.
      const target = ['--filename', device, '--destroy-device', device, '--backend', variant.label];
      const workload = ['--rw', 'rw', '--bs', '64k,32k', '--iodepth', '8', '--io-size', '32m'];
      const before = deviceStat(device);
      const trial = trialOf(await benchResult(folder, [...target, ...workload]));
      const { read, write } = opsOf(trial);
      const after = deviceStat(device);
      assert.ok(read.io_bytes > 8 * MEBIBYTE && write.io_bytes > 4 * MEBIBYTE);
      near(read.io_bytes, after.readBytes - before.readBytes, 0.01, 'read.io_bytes', 256 * 1024);
      near(write.io_bytes, after.writeBytes - before.writeBytes, 0.01, 'write.io_bytes');
      // What the device had in flight can't be more than the tool was asked for.
      const inFlight = (after.busyMs - before.busyMs) / (trial.runtime_ns / 1e6);
      const depth = variant.backend.async ? 8 : 1;
      assert.ok(inFlight <= depth * 1.05, `${inFlight} in flight at the device`);
      t.diagnostic(`${inFlight.toFixed(2)} of ${depth} in flight at the device`);
    });
  }
});

test('the kernel accounts the bytes of direct reads to the process', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  for (const variant of mainOf(realVariantsFor('read'))) {
    await t.test(variant.label, async () => {
      const workload = ['--rw', 'read', '--bs', '64k', '--iodepth', '4', '--size', '16m', '--io-size', '64m'];
      const running = startBench(folder, ['--backend', variant.label, ...workload, ...REPORT]);
      const unwatch = watchProcess(running.pid);
      const ended = await running.ended;
      const { processes } = unwatch();
      const trial = trialOf(resultOf(ended));
      assert.equal(opsOf(trial).read.io_bytes, 64 * MEBIBYTE);
      near(opsOf(trial).read.io_bytes, processes.get(running.pid)?.readBytes ?? 0, 0.01, 'read.io_bytes');
    });
  }
});
