/** --thinktime as a request of the ring: a pause for each I/O but the first of each slot, as the kernel saw them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { opsOf } from '../support/ops.ts';
import { named, noRingTrace, traceRings } from '../support/ring-trace.ts';
import { firstReason } from '../support/witness.ts';

const DEPTH = 4;
const IOS = 40;
const PAUSE_MS = 20;
const ETIME = -62;

test('io_uring+timeout: each I/O pauses by itself, the others go on', {
  skip: firstReason(noRingTrace, noDisk, unavailable('io_uring+timeout')),
}, async (t) => {
  const size = ['--size=4m', `--iodepth=${DEPTH}`, `--number-ios=${IOS}`, '--trials=1'];
  const args = ['--backend=io_uring+timeout+enhanced', ...size, `--thinktime=${PAUSE_MS}ms`];
  const { ended, rings } = await traceRings(t, diskFolder(t), args);
  const [events = []] = rings;
  const requests = named(events, 'submit_req');
  const pauses = requests.filter(({ opcode }) => opcode === 'TIMEOUT');
  assert.equal(pauses.length, IOS - DEPTH);
  assert.equal(requests.filter(({ opcode }) => opcode === 'READ_FIXED').length, IOS);
  const ends = named(events, 'complete').filter(({ result }) => result === ETIME);
  assert.equal(ends.length, pauses.length, 'each came to its end');
  for (const pause of pauses) {
    const end = ends.find(({ userData, at }) => userData === pause.userData && at > pause.at);
    const ms = ((end?.at ?? 0) - pause.at) * 1000;
    assert.ok(ms >= PAUSE_MS * 0.9, `a pause of ${ms} ms`);
  }
  const trial = trialOf(resultOf(ended));
  assert.equal(trial.total_ios, IOS);
  const { read } = opsOf(trial);
  assert.ok(read.lat_ns.mean < PAUSE_MS * 1e6, `no pause is in a latency of ${read.lat_ns.mean} ns`);
  const rounds = IOS / DEPTH - 1;
  const took = (requests.at(-1)?.at ?? 0) - (requests[0]?.at ?? 0);
  assert.ok(took * 1000 < (rounds + 6) * PAUSE_MS, `${took} s for ${rounds} pauses one after another`);
});
