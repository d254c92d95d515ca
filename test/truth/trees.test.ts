/** Operations on names and lengths: system calls by strace, requests by io_uring's trace points. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { RwMode } from '../../src/workload/operations.ts';
import { benchResult, resultOf, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { named, noRingTrace, traceRings } from '../support/ring-trace.ts';
import { scratchFolder } from '../support/scratch.ts';
import { noStrace } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const ITEMS = 30;
const PASSES = 2;
const OPERATIONS = ITEMS * PASSES;
const SHAPE = ['--nrfiles', `${ITEMS}`, '--loops', `${PASSES}`, '--trials', '1', '--warmup-trials', '0'];
const CALLS = 'openat,close,statx,renameat2,linkat,unlinkat,mkdirat,fallocate,ftruncate';

/** The calls that an operation is, as strace prints them; those that only prepare the tree do not look so. */
const LOOKS: Partial<Record<RwMode, readonly [name: string, pattern: RegExp][]>> = {
  create: [['openat', / openat\(\d+, "d0\/f[^"]*", O_WRONLY\|O_CREAT\|O_EXCL\|O_CLOEXEC, 0644\) += \d/]],
  stat: [['statx', / statx\(\d+, "d0\/f[^"]*", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, .* = 0/]],
  open: [['openat', / openat\(\d+, "d0\/f[^"]*", O_RDONLY\|O_CLOEXEC\) += \d/]],
  rename: [['renameat2', / renameat2\(\d+, "d0\/[fg][^"]*", \d+, "d0\/[fg][^"]*", 0\) += 0/]],
  link: [['linkat', / linkat\(\d+, "d0\/f[^"]*", \d+, "d0\/g[^"]*", 0\) += 0/]],
  unlink: [['unlinkat', / unlinkat\(\d+, "d0\/f[^"]*", 0\) += 0/]],
  mkdir: [['mkdirat', / mkdirat\(\d+, "d0\/m[^"]*", 0755\) += 0/]],
  rmdir: [['unlinkat', / unlinkat\(\d+, "d0\/m[^"]*", AT_REMOVEDIR\) += 0/]],
  fallocate: [['fallocate', / fallocate\(\d+, 0, 0, 65536\) += 0/]],
};

describe('sync makes the plain calls, and counts them', { skip: firstReason(noStrace, noDisk) }, () => {
  for (const [rw, looks] of Object.entries(LOOKS)) {
    it(rw, async (t) => {
      const traces = join(scratchFolder(t), 'calls');
      const under = ['strace', '-f', '-o', traces, '-e', `trace=${CALLS}`];
      const result = await benchResult(diskFolder(t), ['--rw', rw, '--backend', 'sync', ...SHAPE], { under });
      const { syscalls, total_ios } = trialOf(result, 'sync');
      assert.equal(total_ios, OPERATIONS);
      const lines = readFileSync(traces, 'utf8').split('\n');
      for (const [name, pattern] of looks) {
        assert.equal(lines.filter((line) => pattern.test(line)).length, OPERATIONS, name);
        assert.equal(syscalls.by_name[name], OPERATIONS, name);
      }
      const closes = rw === 'open' || rw === 'create' ? OPERATIONS : 0;
      assert.equal(syscalls.by_name.close ?? 0, closes);
      assert.equal(syscalls.total, OPERATIONS + closes, 'and no others');
    });
  }
});

/** The requests of an operation. */
const REQUESTS: readonly [rw: RwMode, opcodes: readonly string[]][] = [
  ['create', ['OPENAT', 'CLOSE']],
  ['stat', ['STATX']],
  ['open', ['OPENAT', 'CLOSE']],
  ['rename', ['RENAMEAT']],
  ['link', ['LINKAT']],
  ['unlink', ['UNLINKAT']],
  ['mkdir', ['MKDIRAT']],
  ['rmdir', ['UNLINKAT']],
  ['fallocate', ['FALLOCATE']],
  ['ftruncate', ['FTRUNCATE']],
];
/** Which of them the kernel always hands to a worker (io_uring/fs.c and others: REQ_F_FORCE_ASYNC). */
const WORKERS: readonly string[] = [
  'rename',
  'link',
  'unlink',
  'mkdir',
  'rmdir',
  'fallocate',
  'ftruncate',
  'stat',
];

describe('io_uring has a request for each', {
  skip: firstReason(noRingTrace, noDisk, unavailable('io_uring')),
}, () => {
  const variants = ['io_uring', 'io_uring+directfiles', 'io_uring+directfiles+linked'];
  for (const [rw, opcodes] of REQUESTS) {
    for (const variant of opcodes.length > 1 ? variants : variants.slice(0, 1)) {
      it(`${rw}: ${variant}`, async (t) => {
        const args = ['--rw', rw, '--backend', variant, '--iodepth', '4', ...SHAPE];
        const { ended, rings } = await traceRings(t, diskFolder(t), args);
        assert.equal(trialOf(resultOf(ended), variant).total_ios, OPERATIONS);
        const events = rings.flat();
        const counts: Record<string, number> = {};
        for (const { opcode } of named(events, 'submit_req')) counts[opcode] = (counts[opcode] ?? 0) + 1;
        assert.deepEqual(counts, Object.fromEntries(opcodes.map((opcode) => [opcode, OPERATIONS])));
        const handed = named(events, 'queue_async_work').length;
        if (WORKERS.includes(rw)) assert.equal(handed, OPERATIONS, 'all go to workers');
        // The upper half of user_data marks the second request: this event has no opcode.
        const descriptors = named(events, 'complete').filter(
          ({ userData, result }) => userData < 2 ** 32 && result > 0,
        );
        const made = opcodes.includes('OPENAT') && !variant.includes('directfiles') ? OPERATIONS : 0;
        assert.equal(descriptors.length, made, 'descriptors');
      });
    }
  }
});
