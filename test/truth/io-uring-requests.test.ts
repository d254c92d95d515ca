/** What requests the kernel took from each kind of ring, as its trace points tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Variant } from '../../src/backends/backend.ts';
import { REPORT, resultOf, startBench, trialOf, turnOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { noTracefs, traceFor } from '../support/tracefs.ts';
import { has, list, realVariantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noTracefs, noDisk);
const EVENT = 'io_uring/io_uring_submit_req';
/** The request's flags begin with those of the sqe: include/linux/io_uring_types.h, io_uring.h. */
const FIXED_FILE = 1;
const REGISTERED = ' of a registered file';

interface Request {
  opcode: string;
  flags: number;
}

function requestOf(line: string): Request {
  const [, opcode = '', flags = ''] = /opcode (\w+), flags 0x([0-9a-f]+)/.exec(line) ?? [];
  return { opcode, flags: Number.parseInt(flags, 16) };
}

/** Requests of each opcode, those with a registered file apart. */
function kinds(requests: readonly Request[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opcode, flags } of requests) {
    const kind = `${opcode}${flags & FIXED_FILE ? REGISTERED : ''}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The opcode that a variant stands for. */
function opcodeOf(variant: Variant, operation: 'READ' | 'WRITE'): string {
  if (has(variant, 'fixedbufs')) return `${operation}_FIXED`;
  return has(variant, 'vectored') ? `${operation}V` : operation;
}

test('opcodes and flags of the requests that the kernel took', { skip }, async (t) => {
  const variants = realVariantsFor('read', 'write')
    .filter(({ backend }) => backend.name === 'io_uring')
    .filter((variant) => !has(variant, 'sqpoll')); // its requests are taken by a thread that can't be followed
  const trace = traceFor(t, 4096);
  if (!trace.has(EVENT)) return t.skip(`this kernel has no event ${EVENT}`);
  const target = ['--size', '8m', '--trials', '1'];
  const workload = ['--rw', 'randrw', '--iodepth', '8', '--number-ios', '1500', '--fsync', '100'];
  const running = startBench(diskFolder(t), ['--backend', list(variants), ...target, ...workload, ...REPORT]);
  trace.follow(running.pid); // others may run uring-bench, too
  trace.watch(EVENT, 'comm ~ "ub-job-*"');
  const result = resultOf(await running.ended);
  const requests = trace.lines().map(requestOf);
  const inTurn = variants.toSorted((a, b) => turnOf(result, a.label) - turnOf(result, b.label));
  for (const variant of inTurn) {
    const { read, write, sync } = opsOf(trialOf(result, variant.label));
    // One variant's jobs ran after another's.
    const own = requests.splice(0, 1500 + sync.total_ios);
    const registered = has(variant, 'registerfiles') ? REGISTERED : '';
    await t.test(variant.label, () => {
      assert.equal(read.total_ios + write.total_ios, 1500);
      assert.ok(sync.total_ios > 0);
      assert.deepEqual(kinds(own), {
        [opcodeOf(variant, 'READ') + registered]: read.total_ios,
        [opcodeOf(variant, 'WRITE') + registered]: write.total_ios,
        [`FSYNC${registered}`]: sync.total_ios,
      });
    });
  }
  assert.equal(requests.length, 0, 'requests that nobody reported');
});
