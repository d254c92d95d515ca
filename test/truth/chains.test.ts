/** --pair by plain calls and by more than two requests, and writes that are durable by themselves, as outside witnesses see them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { bench, benchResult, REPORT, resultOf, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, diskLoop, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { noRingTrace, type RingEvent, traceRings } from '../support/ring-trace.ts';
import { skipUnless } from '../support/scratch.ts';
import { type Call, fileOf, noStrace, offsetOf, straced } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const IOS = 40;
const DEPTH = 4;
const BS = 16_384;
const MIB = 2 ** 20;
const WORKLOAD = [
  ...['--rw=randwrite', '--bs=16k', `--number-ios=${IOS}`, `--iodepth=${DEPTH}`, '--trials=1'],
  '--allow-overwrite',
];

/** A double write's steps, by name and whether the write is aside. */
const STEPS = ['write aside', 'fdatasync', 'write', 'fdatasync'];

/** A call in the words of STEPS. */
function stepOf(call: Call): string {
  if (!call.name.startsWith('pwrite')) return call.name;
  return offsetOf(call) < DEPTH * BS ? 'write aside' : 'write';
}

for (const backend of ['sync', 'sync+vectored', 'threadpool']) {
  test(`${backend}: a double write is four calls in their order`, {
    skip: firstReason(noStrace, noDisk),
  }, async (t) => {
    const folder = diskFolder(t);
    const path = dataFile(join(folder, 'data'), 4 * MIB);
    const args = [`--backend=${backend}`, '--pair=double-write', ...WORKLOAD, `--filename=${path}`];
    const { result, threads } = await straced(folder, args);
    const makers = threads.filter(({ name }) => /^ub-(job|pool)-/.test(name));
    const rows = makers.map(({ calls }) => calls.filter((call) => fileOf(call) === path).map(stepOf));
    const work = rows.map((row) => row.filter((step) => STEPS.includes(step)));
    assert.equal(work.flat().length, STEPS.length * IOS);
    for (const row of work)
      assert.deepEqual(
        row,
        row.map((_, i) => STEPS[i % STEPS.length]),
        'one I/O after another on each thread',
      );
    const { write, sync } = trialOf(result).ops;
    assert.deepEqual([write?.total_ios, write?.io_bytes, sync], [IOS, IOS * BS, undefined]);
  });
}

/** The requests of each I/O in the order in which they were sent. */
function chainsOf(events: readonly RingEvent[]): RingEvent[][] {
  const chains = new Map<number, RingEvent[][]>();
  for (const event of events) {
    if (event.name !== 'submit_req') continue;
    const slot = event.userData % 2 ** 32;
    const own = chains.get(slot) ?? [];
    if (event.userData === slot) own.push([]);
    own.at(-1)?.push(event);
    chains.set(slot, own);
  }
  return [...chains.values()].flat();
}

const IO_LINK = 0x4;
const CQE_SKIP = 0x40;

for (const backend of ['io_uring', 'io_uring+linked', 'io_uring+linked+cqe_skip']) {
  test(`${backend}: a double write is four requests, each after the one before it`, {
    skip: firstReason(noRingTrace, noDisk, unavailable(backend)),
  }, async (t) => {
    const folder = diskFolder(t);
    const path = dataFile(join(folder, 'data'), 4 * MIB);
    const args = [`--backend=${backend}`, '--pair=double-write', ...WORKLOAD, `--filename=${path}`];
    const { ended, rings } = await traceRings(t, folder, args);
    const [events, ...others] = rings;
    assert.ok(events && others.length === 0, 'one ring');
    assert.equal(trialOf(resultOf(ended)).ops.write?.total_ios, IOS);
    const chains = chainsOf(events);
    assert.equal(chains.length, IOS);
    const before = (backend.includes('linked') ? IO_LINK : 0) | (backend.includes('cqe_skip') ? CQE_SKIP : 0);
    for (const chain of chains) {
      assert.deepEqual(
        chain.map(({ opcode, userData, flags }) => [
          opcode,
          Math.floor(userData / 2 ** 32),
          flags & (IO_LINK | CQE_SKIP),
        ]),
        ['WRITE', 'FSYNC', 'WRITE', 'FSYNC'].map((opcode, step) => [opcode, step, step < 3 ? before : 0]),
      );
    }
    // What is in its place says so, and what was aside is not lost: it was a page's before.
    const content = readFileSync(path);
    for (let at = 0; at < DEPTH * BS; at += BS) {
      const place = Number(content.readBigUInt64LE(at));
      assert.ok(place >= DEPTH * BS && place < 4 * MIB && place % BS === 0, `aside is a page of ${place}`);
    }
  });
}

/** Flushes that a device has done: field 16 of /sys/block/DEVICE/stat (Documentation/block/stat.rst, Linux 5.5). */
function flushesOf(device: string): number {
  const fields = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
    .trim()
    .split(/\s+/);
  return Number(fields[15]);
}

for (const backend of ['sync', 'threadpool', 'linux-aio', 'io_uring']) {
  test(`${backend}+dsync: the device flushes after each write`, {
    skip: firstReason(skipUnless('loop'), unavailable(`${backend}+dsync`)),
  }, async (t) => {
    const { device: path } = diskLoop(t, 4 * MIB);
    const flushes = async (variant: string): Promise<number> => {
      const from = flushesOf(path);
      const args = [`--backend=${variant}`, ...WORKLOAD, '--iodepth=1', `--filename=${path}`];
      const result = await benchResult(diskFolder(t), [...args, `--destroy-device=${path}`, ...REPORT]);
      assert.equal(trialOf(result).total_ios, IOS);
      return flushesOf(path) - from;
    };
    assert.ok((await flushes(backend)) < IOS / 4, 'without it there are none but at the ends');
    assert.ok((await flushes(`${backend}+dsync`)) >= IOS);
  });
}

test('what cannot be a chain is refused', async (t) => {
  const folder = diskFolder(t);
  for (const [args, said] of [
    [
      ['--backend=linux-aio', '--pair=write-fdatasync'],
      /pair has no effect on linux-aio \(only on sync, threadpool, io_uring\)/,
    ],
    [
      ['--backend=sync,posix-aio', '--pair=double-write'],
      /posix-aio has no pairs \(use --backend=sync,threadpool,io_uring\)/,
    ],
    [
      ['--backend=sync', '--pair=double-write', '--size=32k', '--bs=16k', '--iodepth=4'],
      /pair=double-write: .* has 32k.*, and its first writes take 64k.* \(bs x iodepth\)/,
    ],
    [['--backend=sync+dsync', '--rw=randread'], /sync\+dsync: dsync needs writes/],
  ] as const) {
    const rw = args.some((arg) => arg.startsWith('--rw')) ? [] : ['--rw=randwrite'];
    const { code, stderr } = await bench(folder, [...args, ...rw]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});
