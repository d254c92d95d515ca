/** Whole files: three system calls each by strace; a chain of three requests by io_uring's trace points. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { benchResult, resultOf, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { named, noRingTrace, type RingEvent, traceRings } from '../support/ring-trace.ts';
import { scratchFolder } from '../support/scratch.ts';
import { noStrace } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const ITEMS = 30;
const PASSES = 2;
const FILES = ITEMS * PASSES;
const DEPTH = 10;
const SHAPE = ['--rw=wholefile', `--nrfiles=${ITEMS}`, `--loops=${PASSES}`, '--trials=1'];
/** As many at once as can be. */
const BATCHES = [`--iodepth=${DEPTH}`, '--iodepth-batch-submit=0', `--iodepth-batch-complete-min=${DEPTH}`];

const OPEN = /^openat\(\d+, "d0\/f[^"]*", O_RDONLY\|O_CLOEXEC\) += (\d+)$/;

describe('each file is opened, read and closed', { skip: firstReason(noStrace, noDisk) }, () => {
  for (const backend of ['sync', 'threadpool']) {
    it(`${backend}: three calls in a row by one thread, and they are counted`, async (t) => {
      const folder = scratchFolder(t);
      // A file a thread.
      const under = ['strace', '-ff', '-o', join(folder, 'calls'), '-e', 'trace=openat,read,close'];
      const args = [...SHAPE, '--filesize=1k-9k', '--backend', backend];
      const { ops, syscalls } = trialOf(await benchResult(diskFolder(t), args, { under }), backend);
      let files = 0;
      let bytes = 0;
      for (const name of readdirSync(folder)) {
        const lines = readFileSync(join(folder, name), 'utf8').split('\n');
        for (const [at, line] of lines.entries()) {
          const fd = OPEN.exec(line)?.[1];
          if (fd === undefined) continue;
          const [, asked, read] =
            new RegExp(`^read\\(${fd}, .*, (\\d+)\\) += (\\d+)$`).exec(lines[at + 1] ?? '') ?? [];
          assert.equal(read, asked, lines[at + 1]);
          assert.match(lines[at + 2] ?? '', new RegExp(`^close\\(${fd}\\) += 0$`));
          files++;
          bytes += Number(read);
        }
      }
      assert.equal(files, FILES);
      assert.equal(bytes, ops.wholefile?.io_bytes);
      const { openat, read, close } = syscalls.by_name;
      assert.deepEqual([openat, read, close], [FILES, FILES, FILES]);
    });
  }
});

const IO_LINK = 4;
const FIXED_FILE = 1;

/** How many requests of each kind were sent, with a flag or at all. */
function sent(events: readonly RingEvent[], flag = 0): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opcode, flags } of named(events, 'submit_req'))
    if ((flags & flag) === flag) counts[opcode] = (counts[opcode] ?? 0) + 1;
  return counts;
}

describe('a file is three requests', {
  skip: firstReason(noRingTrace, noDisk, unavailable('io_uring+directfiles+linked')),
}, () => {
  for (const variant of ['io_uring', 'io_uring+directfiles', 'io_uring+directfiles+linked']) {
    it(variant, async (t) => {
      const args = [...SHAPE, '--backend', variant, ...BATCHES, '--checksum'];
      const { ended, rings } = await traceRings(t, diskFolder(t), args);
      const { total_ios, syscalls } = trialOf(resultOf(ended), variant);
      assert.equal(total_ios, FILES);
      const events = rings.flat();
      assert.deepEqual(sent(events), { OPENAT: FILES, READ: FILES, CLOSE: FILES });
      const chain = variant.endsWith('linked') ? { OPENAT: FILES, READ: FILES } : {};
      assert.deepEqual(sent(events, IO_LINK), chain, 'of a chain all but the last are linked to the next');
      const direct = variant.includes('directfiles');
      assert.deepEqual(sent(events, FIXED_FILE), direct ? { READ: FILES } : {});
      // The upper half of user_data is the request's number within the operation: this event has no opcode.
      const made = named(events, 'complete').filter(
        ({ userData, result }) => userData < 2 ** 32 && result > 0,
      );
      assert.equal(made.length, direct ? 0 : FILES, 'descriptors');
      assert.equal(named(events, 'queue_async_work').length, 0, 'files in the cache need no worker');
      const rounds = FILES / DEPTH;
      const enters = syscalls.by_name.io_uring_enter ?? 0;
      if (variant.endsWith('linked'))
        assert.equal(enters, rounds, 'one call for as many files as are in flight');
      else assert.ok(enters >= 3 * rounds, `${enters}: a call for each step`);
    });
  }
});
