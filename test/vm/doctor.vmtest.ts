/**
 * What `doctor` says of NVMe drives, and of a kernel whose switch forbids io_uring; what `--explain` says of a slow device,
 * with and without a scheduler's queue before it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/results/schema.ts';
import type { Explanation } from '../../src/results/schema-explain.ts';
import { backendOf, resultOf } from '../support/bench.ts';
import { near } from '../support/result.ts';
import { noMachine, report, useMachine } from './machine.ts';

const doctor = (name: string, ...more: string[]) => ({
  name,
  args: ['doctor', ...more, '--output-format=json'],
});
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

const steps = [
  { ...explained('no scheduler'), before: `${makeSlow} && ${schedule('none')}` },
  // It holds two for each that the device takes, unless told otherwise.
  {
    ...explained('scheduler'),
    before: `${schedule('mq-deadline')} && echo 64 > /sys/block/nullb1/queue/nr_requests`,
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

  it("names the kernel's switch when it forbids io_uring", () => {
    assert.equal(file('switch').toString().trim(), '2');
    const { state, text, mend } = findingOf('forbidden', 'io-uring');
    assert.equal(state, 'missing');
    assert.match(text, /^kernel\.io_uring_disabled=2 forbids it to everybody \(io_uring_setup: EPERM\)/);
    assert.equal(mend, 'sudo sysctl kernel.io_uring_disabled=0');
  });
});
