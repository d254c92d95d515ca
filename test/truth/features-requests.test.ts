/** Features that show in requests: what the kernel's trace points tell of flags, workers and completions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf, trialOf, turnOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { named, noRingTrace, type RingEvent, traceRings } from '../support/ring-trace.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noRingTrace, noDisk);
const IOS = 80;
const COMMON = ['--trials=1', '--size=4m', '--iodepth=4', `--number-ios=${IOS}`];
/** include/uapi/linux/io_uring.h: IOSQE_*; a request's lowest bits are those of its sqe. */
const FIXED_FILE = 0x1;
const ASYNC = 0x10;
const SQE_BITS = 0x7f;

interface Expected {
  variant: string;
  opcode: string;
  flags: number;
  /** Taken by the thread that sqpoll has. */
  sqThread?: boolean;
  /** Given to a worker at once. */
  queued?: boolean;
  /** Completed by work that waits for the job to come for it. */
  local?: boolean;
}

const expected: readonly Expected[] = [
  { variant: 'io_uring', opcode: 'READ', flags: 0 },
  { variant: 'io_uring+registerfiles', opcode: 'READ', flags: FIXED_FILE },
  { variant: 'io_uring+fixedbufs', opcode: 'READ_FIXED', flags: 0 },
  { variant: 'io_uring+vectored', opcode: 'READV', flags: 0 },
  { variant: 'io_uring+vectored+enhanced', opcode: 'READV_FIXED', flags: FIXED_FILE },
  { variant: 'io_uring+force_async', opcode: 'READ', flags: ASYNC, queued: true },
  { variant: 'io_uring+force_async+enhanced', opcode: 'READ_FIXED', flags: ASYNC | FIXED_FILE, queued: true },
  { variant: 'io_uring+no_sqarray', opcode: 'READ', flags: 0 },
  { variant: 'io_uring+no_sqarray+enhanced', opcode: 'READ_FIXED', flags: FIXED_FILE },
  { variant: 'io_uring+no_mmap', opcode: 'READ', flags: 0 },
  { variant: 'io_uring+big_rings', opcode: 'READ', flags: 0 },
  { variant: 'io_uring+cqe_mixed', opcode: 'READ', flags: 0 },
  { variant: 'io_uring+sqpoll', opcode: 'READ', flags: 0, sqThread: true },
  { variant: 'io_uring+sqpoll+enhanced', opcode: 'READ_FIXED', flags: FIXED_FILE, sqThread: true },
  { variant: 'io_uring+single_issuer+defer_taskrun', opcode: 'READ', flags: 0, local: true },
];

function check(events: readonly RingEvent[], { opcode, flags, sqThread, queued, local }: Expected): void {
  const requests = named(events, 'submit_req');
  assert.equal(requests.length, IOS, 'every I/O is one request');
  for (const request of requests) {
    assert.equal(request.opcode, opcode);
    assert.equal(request.flags & SQE_BITS, flags);
    assert.equal(request.sqThread, sqThread ?? false);
    assert.match(request.comm, sqThread ? /^iou-sqp-/ : /^ub-job-/);
  }
  const completions = named(events, 'complete');
  assert.equal(completions.length, IOS, 'every request is completed');
  for (const { result } of completions) assert.equal(result, 4096);
  const handed = named(events, 'queue_async_work').length;
  if (queued) assert.equal(handed, IOS, 'all go to a worker');
  else assert.equal(handed, 0, 'none goes to a worker');
  const workers = named(events, 'file_get').filter(({ comm }) => comm.startsWith('iou-wrk-'));
  assert.equal(workers.length > 0, (queued && !(flags & FIXED_FILE)) ?? false, 'workers look the file up');
  assert.equal(named(events, 'local_work_run').length > 0, local ?? false, 'deferred work');
}

test('requests are what their features make them', { skip }, async (t) => {
  const here = expected.filter(({ variant }) => unavailable(variant) === false);
  for (const { variant } of expected.filter((one) => !here.includes(one)))
    t.diagnostic(String(unavailable(variant)));
  const list = here.map(({ variant }) => variant).join(',');
  const { ended, rings } = await traceRings(t, diskFolder(t), [`--backend=${list}`, ...COMMON]);
  const result = resultOf(ended);
  assert.equal(rings.length, here.length, 'one ring a job');
  for (const one of here) {
    await t.test(one.variant, () => {
      check(rings[turnOf(result, one.variant)] as RingEvent[], one);
      assert.equal(trialOf(result, one.variant).total_ios, IOS);
    });
  }
});
