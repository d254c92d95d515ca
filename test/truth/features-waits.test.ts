/** Features that show in how a ring waits: what each io_uring_enter says, and how many calls it takes. */
import assert from 'node:assert/strict';
import { accessSync, constants, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Trial } from '../../src/results/schema.ts';
import { benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { argument, callsOf, type RawJob, rawCalls } from '../support/raw-calls.ts';
import { noStrace } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const DEPTH = 4;
const IOS = 200;
const WRITES_PER_SYNC = 2;
const BATCHES = (IOS + IOS / WRITES_PER_SYNC) / DEPTH;
const QUEUE = [`--iodepth=${DEPTH}`, `--iodepth-batch-submit=${DEPTH}`];
const COMMON = ['--trials=1', '--size=16m', ...QUEUE, `--iodepth-batch-complete-min=${DEPTH}`];
/** include/uapi/linux/io_uring.h: IORING_ENTER_* */
const ENTER = { GETEVENTS: 0x1, EXT_ARG: 0x8, EXT_ARG_REG: 0x40, NO_IOWAIT: 0x80 };
const REGISTER = { PROBE: 8, ENABLE_RINGS: 12, MEM_REGION: 34 };

/** Calls of io_uring_enter that a job took for its I/Os when it waits so long for all that are in flight. */
async function callsFor(folder: string, variant: string, wait: string): Promise<number> {
  // An fsync takes longer than the writes that are in flight with it.
  const mixed = ['--rw=randwrite', `--fsync=${WRITES_PER_SYNC}`, `--number-ios=${IOS}`];
  const args = [`--backend=${variant}`, ...COMMON, ...mixed, `--min-wait=${wait}`];
  const trial: Trial = trialOf(await benchResult(folder, args), variant);
  assert.equal(trial.total_ios, IOS);
  return trial.syscalls.by_name.io_uring_enter ?? 0;
}

const waiting = [
  'io_uring+min_wait',
  'io_uring+min_wait+enhanced+single_issuer+defer_taskrun',
  'io_uring+min_wait+registered_wait',
  'io_uring+min_wait+registered_wait+registerring+single_issuer',
];

for (const variant of waiting) {
  test(`${variant}: all that are in flight are waited for, but no longer than --min-wait`, {
    skip: firstReason(noDisk, unavailable(variant)),
  }, async (t) => {
    const folder = diskFolder(t);
    assert.equal(await callsFor(folder, variant, '10s'), BATCHES, 'one call for each batch');
    const calls = await callsFor(folder, variant, '1us');
    // How many waits end early is up to the device; that any does would not be so without the limit.
    assert.ok(calls > BATCHES, `${calls} calls when it waits for no longer than 1 usec`);
  });
}

/** Its argument: in memory that is copied (struct io_uring_getevents_arg), or by its place in what was registered. */
const said = [
  { variant: 'io_uring+min_wait', flags: ENTER.EXT_ARG, bytes: 24, registers: [] },
  {
    variant: 'io_uring+min_wait+registered_wait',
    flags: ENTER.EXT_ARG | ENTER.EXT_ARG_REG,
    bytes: 64,
    registers: [REGISTER.MEM_REGION, REGISTER.ENABLE_RINGS],
  },
  { variant: 'io_uring+no_iowait', flags: ENTER.NO_IOWAIT, bytes: 0, registers: [] },
];

for (const { variant, flags, bytes, registers } of said) {
  test(`${variant}: what each call says`, {
    skip: firstReason(noStrace, noDisk, unavailable(variant)),
  }, async (t) => {
    const args = [`--backend=${variant}`, ...COMMON, '--number-ios=40'];
    const { ended, jobs } = await rawCalls(diskFolder(t), args);
    assert.equal(trialOf(resultOf(ended), variant).total_ios, 40);
    const job = jobs[0] as RawJob;
    const opcodes = callsOf(job, 'io_uring_register').map((call) => argument(call, 1));
    assert.deepEqual(
      opcodes.filter((opcode) => opcode !== REGISTER.PROBE),
      registers,
    );
    const enters = callsOf(job, 'io_uring_enter');
    assert.ok(enters.length >= 40 / DEPTH);
    for (const enter of enters) {
      assert.equal(argument(enter, 3), ENTER.GETEVENTS | flags, enter.args);
      const [at = '', size] = enter.args.split(', ').slice(-2);
      assert.equal(Number(size), bytes, enter.args);
      const copied = (flags & ENTER.EXT_ARG) !== 0 && (flags & ENTER.EXT_ARG_REG) === 0;
      assert.equal(at !== 'NULL', copied, enter.args);
    }
  });
}

const DELAY_ACCOUNTING = '/proc/sys/kernel/task_delayacct';
/** USER_HZ, in which /proc counts. */
const TICK_MS = 10;

/** false, or why the kernel cannot be told to account for each thread's waits. */
function noDelayAccounting(): string | false {
  try {
    accessSync(DELAY_ACCOUNTING, constants.W_OK);
    return false;
  } catch {
    return `${DELAY_ACCOUNTING} is not there for this user to write`;
  }
}

/** Milliseconds that the job of a process has waited for block devices, by its 42nd field in proc_pid_stat(5); 0 when there is none. */
function jobsIowaitMs(pid: number): number {
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    const [, comm = '', rest = ''] = /^\d+ \((.*)\) (.*)/.exec(stat) ?? [];
    if (comm.startsWith('ub-job-')) return Number(rest.split(' ')[42 - 3]) * TICK_MS;
  }
  return 0;
}

/** How long a job had waited when it was last seen; it reads one block after another for half a second. */
async function iowaitMs(folder: string, variant: string): Promise<number> {
  const args = [`--backend=${variant}`, '--trials=1', '--size=16m', '--iodepth=1', '--runtime=500ms'];
  const running = startBench(folder, [...args, ...REPORT]);
  let seen = 0;
  const watch = setInterval(() => {
    try {
      seen = Math.max(seen, jobsIowaitMs(running.pid));
    } catch {
      // it has ended
    }
  }, 20);
  const ended = await running.ended;
  clearInterval(watch);
  assert.ok(trialOf(resultOf(ended), variant).total_ios > 0);
  return seen;
}

test('io_uring+no_iowait: the kernel does not count its waits as iowait', {
  skip: firstReason(noDisk, noDelayAccounting(), unavailable('io_uring+no_iowait')),
}, async (t) => {
  const before = readFileSync(DELAY_ACCOUNTING, 'utf8');
  t.after(() => writeFileSync(DELAY_ACCOUNTING, before));
  writeFileSync(DELAY_ACCOUNTING, '1');
  const folder = diskFolder(t);
  const plain = await iowaitMs(folder, 'io_uring');
  assert.ok(plain >= 50, `${plain} ms of 500 otherwise`);
  assert.equal(await iowaitMs(folder, 'io_uring+no_iowait'), 0);
});
