/** --pair: two operations that are one I/O, linked or one sent after the other, as the kernel saw them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Trial } from '../../src/results/schema.ts';
import { resultOf, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { opsOf } from '../support/ops.ts';
import { near } from '../support/result.ts';
import { named, noRingTrace, type RingEvent, traceRings } from '../support/ring-trace.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noRingTrace, noDisk);
const PAIRS = 60;
const DEPTH = 4;
/** include/uapi/linux/io_uring.h: IOSQE_* */
const IO_LINK = 0x4;
const CQE_SKIP = 0x40;
/** Marks the user_data of the second operation: native/src/uring.h. */
const SECOND = 2 ** 32;
const ECANCELED = -125;
const EAGAIN = -11;

/** The events of one operation. */
interface Operation {
  submit: RingEvent;
  /** null when it was skipped. */
  complete: RingEvent | null;
  /** When the kernel took the file to do it; null when it never came to that. */
  begunAt: number | null;
}

interface Pair {
  first: Operation;
  /** null when it was not sent. */
  second: Operation | null;
}

function operation(events: readonly RingEvent[]): Operation {
  const [submit, ...rest] = events;
  assert.equal(submit?.name, 'submit_req', 'an operation begins with its submission');
  return {
    submit: submit as RingEvent,
    complete: rest.find(({ name }) => name === 'complete') ?? null,
    begunAt: rest.find(({ name }) => name === 'file_get')?.at ?? null,
  };
}

/** The events of one user_data, cut where it is submitted again. */
function lives(events: readonly RingEvent[], userData: number): RingEvent[][] {
  const all: RingEvent[][] = [];
  for (const event of events.filter((one) => one.userData === userData && one.name !== 'local_work_run')) {
    if (event.name === 'submit_req') all.push([]);
    all.at(-1)?.push(event);
  }
  return all;
}

/** The pairs of a ring, slot by slot. A second belongs to the first that was submitted last before it. */
function pairsOf(events: readonly RingEvent[]): Pair[] {
  return Array.from({ length: DEPTH }, (_, slot) => {
    const firsts = lives(events, slot).map(operation);
    const seconds = lives(events, slot + SECOND).map(operation);
    return firsts.map((first, i): Pair => {
      const end = firsts[i + 1]?.submit.at ?? Number.POSITIVE_INFINITY;
      const own = seconds.filter(({ submit }) => submit.at >= first.submit.at && submit.at < end);
      assert.ok(own.length <= 1, 'one second for a first');
      return { first, second: own[0] ?? null };
    });
  }).flat();
}

interface Case {
  variant: string;
  pair: string;
  opcodes: readonly [string, string];
}

const cases: readonly Case[] = ['io_uring', 'io_uring+linked', 'io_uring+linked+cqe_skip'].flatMap(
  (variant) => [
    { variant, pair: 'write-fdatasync', opcodes: ['WRITE', 'FSYNC'] as const },
    { variant, pair: 'read-write', opcodes: ['READ', 'WRITE'] as const },
  ],
);

interface Run {
  path: string;
  before: string;
  trial: Trial;
  pairs: Pair[];
  events: RingEvent[];
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

async function runPairs(t: TestContext, variant: string, pair: string, more: string[] = []): Promise<Run> {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), 4 * 2 ** 20);
  const before = digest(path);
  const workload = [`--pair=${pair}`, '--rw=randwrite', '--allow-overwrite', `--filename=${path}`];
  const size = [`--iodepth=${DEPTH}`, `--number-ios=${PAIRS}`, '--trials=1'];
  const { ended, rings } = await traceRings(t, folder, [
    `--backend=${variant}`,
    ...workload,
    ...size,
    ...more,
  ]);
  const [events, ...others] = rings;
  assert.ok(events && others.length === 0, 'one ring');
  return { path, before, trial: trialOf(resultOf(ended)), pairs: pairsOf(events), events };
}

function checkOrder({ first, second }: Pair, { variant, opcodes }: Case): void {
  const linked = variant.includes('linked');
  const skipped = variant.includes('cqe_skip');
  assert.ok(second, 'both were sent');
  assert.deepEqual([first.submit.opcode, second.submit.opcode], opcodes);
  assert.equal((first.submit.flags & IO_LINK) !== 0, linked);
  assert.equal((first.submit.flags & CQE_SKIP) !== 0, skipped);
  assert.equal(second.submit.flags & (IO_LINK | CQE_SKIP), 0);
  assert.ok(second.complete && second.complete.result >= 0);
  assert.equal(first.complete === null, skipped, 'the first is announced unless that is skipped');
  if (first.complete === null) return;
  assert.equal(first.complete.result, 4096);
  const from = linked ? second.begunAt : second.submit.at;
  assert.ok(from !== null && from >= first.complete.at, 'the second begins when the first is done');
}

for (const one of cases) {
  const { variant, pair } = one;
  test(`${variant}, ${pair}`, { skip: firstReason(skip, unavailable(variant)) }, async (t) => {
    const { path, before, trial, pairs, events } = await runPairs(t, variant, pair);
    assert.equal(pairs.length, PAIRS);
    assert.equal(named(events, 'submit_req').length, 2 * PAIRS, 'two requests a pair');
    for (const both of pairs) checkOrder(both, one);
    // One I/O each, counted as a write, with one latency: that of both operations.
    assert.deepEqual(
      [trial.total_ios, opsOf(trial).write.total_ios, opsOf(trial).read.total_ios],
      [PAIRS, PAIRS, 0],
    );
    assert.equal(opsOf(trial).write.io_bytes, PAIRS * 4096);
    assert.equal(opsOf(trial).write.lat_ns.N, PAIRS);
    const seenNs = pairs.map((p) => ((p.second?.complete?.at ?? 0) - p.first.submit.at) * 1e9);
    const mean = seenNs.reduce((sum, ns) => sum + ns, 0) / PAIRS;
    assert.ok(
      opsOf(trial).write.lat_ns.mean >= mean - 2000,
      `${opsOf(trial).write.lat_ns.mean} ns, the kernel took ${mean}`,
    );
    near(opsOf(trial).write.lat_ns.mean, mean, 0.5, 'latency of the pair', 200_000);
    if (pair === 'read-write') assert.equal(digest(path), before, 'what was read was written back');
    else assert.notEqual(digest(path), before);
  });
}

for (const variant of ['io_uring+linked+nowait', 'io_uring+linked+cqe_skip+nowait', 'io_uring+nowait']) {
  const linked = variant.includes('linked');
  const skipped = variant.includes('cqe_skip');
  const what = linked ? 'cancels' : 'is not followed by';
  test(`${variant}: a first that fails ${what} the second`, {
    skip: firstReason(skip, unavailable(variant)),
  }, async (t) => {
    // From a cold file nothing can be read without waiting, until readahead has brought some of it.
    const { path, before, trial, pairs } = await runPairs(t, variant, 'read-write', ['--buffered']);
    assert.equal(pairs.length, PAIRS);
    assert.ok(
      pairs.some(({ first }) => first.complete?.result === EAGAIN),
      'some failed',
    );
    // A write would wait, too, now and then: for a page that is being written back, on a busy machine.
    const failed = pairs.filter((pair) =>
      [pair.first, pair.second].some((one) => one?.complete?.result === EAGAIN),
    );
    for (const { first, second } of pairs) {
      const ok = first.complete === null || first.complete.result === 4096;
      if (ok) assert.ok([4096, EAGAIN].includes(Number(second?.complete?.result)));
      else if (!linked) assert.equal(second, null);
      else if (skipped) assert.deepEqual([second?.begunAt, second?.complete], [null, null], 'not even told');
      else assert.equal(second?.complete?.result, ECANCELED);
    }
    const [error, ...more] = trial.errors;
    assert.equal(more.length, 0);
    assert.deepEqual([error?.op, error?.code, error?.count], ['write', 'EAGAIN', failed.length]);
    assert.equal(trial.total_ios, PAIRS - failed.length);
    assert.equal(digest(path), before);
  });
}
