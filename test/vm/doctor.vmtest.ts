/**
 * What `doctor` says of NVMe drives, and of a kernel whose switch forbids io_uring; what `--explain` says of a slow device,
 * with and without a scheduler's queue before it; a rate that such a device holds, and one that it does not; evaluations of
 * an NVMe drive.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { Evaluation, EvaluationHealth } from '../../src/results/evaluate-schema.ts';
import type { Finding } from '../../src/results/schema.ts';
import type { Explanation } from '../../src/results/schema-explain.ts';
import { backendOf, resultOf } from '../support/bench.ts';
import { opsOf } from '../support/ops.ts';
import { near } from '../support/result.ts';
import { onlyTrial, warningsOf } from './expect.ts';
import { noMachine, report, useMachine } from './machine.ts';

const doctor = (name: string, ...more: string[]) => ({
  name,
  args: ['doctor', ...more, '--output-format=json'],
});
/** Of NVMe's SMART log, in which it counts. */
const DATA_UNIT = 512_000;
const SWITCH = '/proc/sys/kernel/io_uring_disabled';

/** It does one request at a time, each in so long: far above what the emulation adds. */
const SLOW_NS = 20_000_000;
const CONFIG = '/sys/kernel/config';
const SLOW = `${CONFIG}/nullb/nullb1`;
const makeSlow = [
  `mountpoint -q ${CONFIG} || mount -t configfs config ${CONFIG}`,
  `mkdir ${SLOW}`,
  ...Object.entries({
    size: 64,
    hw_queue_depth: 1,
    submit_queues: 1,
    irqmode: 2,
    completion_nsec: SLOW_NS,
  }).map(([name, value]) => `echo ${value} > ${SLOW}/${name}`),
  `echo 1 > ${SLOW}/power`,
].join(' && ');
const schedule = (how: string) => `echo ${how} > /sys/block/nullb1/queue/scheduler`;
const DEPTH = 4;
const explained = (name: string) =>
  report(name, [
    ...['--filename=/dev/nullb1', '--backend=linux-aio', `--iodepth=${DEPTH}`, '--rw=randread', '--explain'],
    ...['--number-ios=40', '--trials=1', '--warmup-trials=0'],
  ]);

/** In I/Os a second: one each 50 ms is held where each takes some 25 ms, one each 5 ms is not. */
const HELD_IOPS = 20;
const MISSED_IOPS = 200;
/** Long beside the last I/O, which ends behind it. */
const RATED_SECONDS = 10;
const rated = (name: string, iops: number, seconds: number) =>
  report(name, [
    ...['--filename=/dev/nullb1', '--backend=linux-aio', '--iodepth=8', '--rw=randread'],
    ...[`--rate-iops=${iops}`, `--runtime=${seconds}s`],
    ...['--trials=1', '--warmup-trials=0'],
  ]);

const DRIVE = '/dev/nvme0n1';
const evaluated = (name: string, ...args: string[]) => ({
  name,
  args: ['evaluate', DRIVE, ...args, '--no-save', '--quiet', '--output-format=json'],
});
/** A round of snia-iops takes longer on an emulated CPU than there is time: it is stopped as by Ctrl-C. */
const STOPPED_AFTER_SECONDS = 20;
const stopIt = `(sleep ${STOPPED_AFTER_SECONDS}; kill -INT $PPID) </dev/null >/dev/null 2>&1 &`;

const steps = [
  { ...explained('no scheduler'), before: `${makeSlow} && ${schedule('none')}` },
  // It holds two for each that the device takes, unless told otherwise.
  {
    ...explained('scheduler'),
    before: `${schedule('mq-deadline')} && echo 64 > /sys/block/nullb1/queue/nr_requests`,
  },
  { ...rated('held', HELD_IOPS, RATED_SECONDS), before: schedule('none') },
  rated('missed', MISSED_IOPS, 3),
  evaluated('no consent', '--yes'),
  evaluated('quick', '--profile=quick', '--scale=1/32', '--round-time=20ms', `--destroy-device=${DRIVE}`),
  {
    ...evaluated('snia-iops', '--profile=snia-iops', '--scale=1/64', `--destroy-device=${DRIVE}`),
    before: stopIt,
  },
  doctor('drive', '/dev/nvme0n1'),
  doctor('generic', '/dev/ng0n1'),
  { ...doctor('forbidden'), before: `echo 2 > ${SWITCH}`, after: `cat ${SWITCH} > switch` },
];

describe('doctor in a machine of its own', { skip: noMachine }, () => {
  const { outcome, file } = useMachine(steps);

  function findingOf(step: string, id: string): Finding {
    const { code, stdout, stderr } = outcome(step);
    assert.equal(code, 0, stderr);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const found = findings.find((finding) => finding.id === id);
    assert.ok(found, `nothing is said of ${id}`);
    return found;
  }

  it('knows the drive, by both of its faces', () => {
    for (const step of ['drive', 'generic']) {
      assert.match(findingOf(step, 'device-model').text, /^nvme0n1: .*, firmware .*, nvme\/pcie/);
      assert.match(findingOf(step, 'device-chain').text, /^nvme0n1 \(nvme\/pcie\)$/);
      assert.match(findingOf(step, 'file-system').text, /no file system is between/);
    }
    assert.match(findingOf('drive', 'device-queues').text, /^\d+ hardware queues?, \d+ requests each/);
    assert.match(findingOf('drive', 'direct-io').text, /^bs and offset a multiple of 512 bytes/);
    assert.match(findingOf('drive', 'polling').text, /poll/);
  });

  function explanationOf(step: string): Explanation {
    const { explain } = backendOf(resultOf(outcome(step)));
    assert.ok(explain?.traced, `traced: ${explain?.missing}`);
    return explain;
  }

  it('explains a slow device: the time at it, and none in a queue where there is no scheduler', () => {
    const { traced, sentences } = explanationOf('no scheduler');
    const { device_ns: device, queue_ns: queue, inserted = 0, at_device: at = 0 } = traced?.block ?? {};
    near(device ?? 0, 1.25 * SLOW_NS, 0.25, 'time at the device');
    near(at, 1, 0.2, 'requests there at once');
    assert.ok((queue ?? 0) < SLOW_NS / 10, `${queue} ns in the queue of ${inserted}`);
    assert.ok(!sentences.some(({ rule }) => rule === 'scheduler-queue'));
  });

  it("explains a scheduler's queue, in which requests are longer than at the device", () => {
    const { traced, sentences } = explanationOf('scheduler');
    const { device_ns: device, queue_ns: queue, inserted, completed } = traced?.block ?? {};
    assert.equal(inserted, completed);
    near(device ?? 0, 1.25 * SLOW_NS, 0.25, 'time at the device');
    near(queue ?? 0, (DEPTH - 1) * (device ?? 0), 0.3, 'time in the queue of those before it');
    assert.ok(
      sentences.some(({ rule }) => rule === 'scheduler-queue'),
      JSON.stringify(sentences),
    );
  });

  it('sends at a rate that a slow device holds, within 2 %, and says when it does not', () => {
    const held = onlyTrial(outcome('held'));
    near(held.iops, HELD_IOPS, 0.02, 'IOPS');
    near(held.total_ios, HELD_IOPS * RATED_SECONDS, 0.02, 'I/Os');
    assert.deepEqual(warningsOf(resultOf(outcome('held')), 'rate-missed'), []);
    const missed = onlyTrial(outcome('missed'));
    assert.ok(missed.iops < 1e9 / SLOW_NS, `${missed.iops} of a device that takes ${SLOW_NS} ns for each`);
    assert.equal(warningsOf(resultOf(outcome('missed')), 'rate-missed').length, 1);
    const { lat_ns: response, service_ns: service } = opsOf(missed).read;
    // What is due at the end waits for all that were due before it; at the device it waits for eight.
    assert.ok(response.mean > 3 * (service?.mean ?? Number.POSITIVE_INFINITY), JSON.stringify(response.mean));
  });

  /** What an evaluation says in JSON. */
  function evaluationOf(step: string, code: number): Evaluation {
    const { code: found, stdout, stderr } = outcome(step);
    assert.equal(found, code, `${stderr}${stdout.slice(-3000)}`);
    return JSON.parse(stdout) as Evaluation;
  }

  /** Asserts that what we count, the kernel counts, and the drive itself counts are the same bytes. */
  function sameBytes({ steps: done, health, findings }: Evaluation): void {
    const { before, after } = health;
    assert.ok(before && after, `health: ${health.absent}`);
    for (const op of ['read', 'write'] as const) {
      const word = op === 'read' ? 'read_bytes' : 'written_bytes';
      const field =
        op === 'read' ? 'host_read_bytes' : ('host_written_bytes' satisfies keyof EvaluationHealth);
      const ours = done.reduce((sum, step) => sum + (step[op]?.bytes ?? 0), 0);
      const kernels = done.reduce((sum, { kernel }) => sum + (kernel?.[word] ?? 0), 0);
      const drives = after[field] - before[field];
      assert.ok(ours > 0);
      // A claim of the device reads what is on it; a stop leaves I/Os of no measurement.
      assert.ok(
        kernels >= ours && kernels - ours <= Math.max(0.01 * ours, 80 * 4096 * done.length),
        `${op}: ${kernels}, ${ours} ours`,
      );
      assert.ok(
        drives >= ours - DATA_UNIT && drives - ours <= 0.5 * ours + 2 ** 24,
        `${op}: the drive counts ${drives}, ${ours} ours`,
      );
    }
    assert.ok(!findings.some(({ code }) => code === 'kernel-counters'), JSON.stringify(findings));
  }

  it('evaluates a drive that was spelled out: each cell, its health, and bytes as it counts them itself', () => {
    const refused = outcome('no consent');
    assert.equal(refused.code, EXIT.usage);
    assert.match(refused.stderr, /writes over all that is on it .*--destroy-device \/dev\/nvme0n1/);
    assert.equal(refused.blockIos.nvme0n1, 0, 'not even read');
    const evaluation = evaluationOf('quick', EXIT.ok);
    assert.equal(evaluation.status, 'complete');
    assert.equal(evaluation.steps.length, 29);
    assert.ok(evaluation.steps.every(({ iops, errors }) => iops > 0 && errors === 0));
    // qemu's drive has 323 K, no wear and no spare.
    assert.equal(evaluation.health.after?.temperature_c, 50);
    assert.equal(evaluation.health.after?.media_errors, 0);
    assert.equal(evaluation.health.after?.media_written_bytes, null, 'no OCP log');
    sameBytes(evaluation);
  });

  it("rehearses SNIA's flow on it, and keeps what was measured until a stop", () => {
    const evaluation = evaluationOf('snia-iops', EXIT.sigint);
    assert.equal(evaluation.status, 'interrupted');
    assert.match(evaluation.rehearsal ?? '', /^not a SNIA PTS 2\.0\.2 result: 1\/64 of the target/);
    const region = 2 ** 30 / 64;
    assert.equal(evaluation.target.region_bytes, region);
    const [first, second, ...rounds] = evaluation.steps;
    for (const pass of [first, second]) assert.equal(pass?.write?.bytes, region);
    assert.ok(rounds.length >= 1);
    assert.deepEqual(
      evaluation.phases.map(({ cells }) => cells.length),
      [1, 56],
    );
    assert.ok(rounds.every(({ iops }) => iops > 0));
    const { before, after } = evaluation.health;
    assert.ok((after?.host_written_bytes ?? 0) - (before?.host_written_bytes ?? 0) >= 2 * region - DATA_UNIT);
  });

  it("names the kernel's switch when it forbids io_uring", () => {
    assert.equal(file('switch').toString().trim(), '2');
    const { state, text, mend } = findingOf('forbidden', 'io-uring');
    assert.equal(state, 'missing');
    assert.match(text, /^kernel\.io_uring_disabled=2 forbids it to everybody \(io_uring_setup: EPERM\)/);
    assert.equal(mend, 'sudo sysctl kernel.io_uring_disabled=0');
  });
});
