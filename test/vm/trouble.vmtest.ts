/** Devices that make trouble: one with a bad sector, one that is slow by order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { backendOf, resultOf, trialOf } from '../support/bench.ts';
import { opsOf } from '../support/ops.ts';
import { near } from '../support/result.ts';
import { failsWith, onlyTrial, warningsOf } from './expect.ts';
import { noMachine, report, useMachine } from './machine.ts';

/** Where /dev/nvme2n1 is bad. */
const BAD_OFFSET = 2 ** 20;
const IOS = 256;
const backends = ['sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring', 'io_uring+enhanced'];
const block = '--filename=/dev/nvme2n1';
const generic = '--filename=/dev/ng2n1';
const all = `--backend=${backends.join(',')}`;
/** One pass around it, so that every block is met once. */
const pass = ['--offset=512k', '--size=1m', '--no-time-based', '--trials=1', '--iodepth=4'];
const goOn = '--continue-on-error=all';

/** Few enough for the emulation; and where others keep the CPUs busy, a trial may suffer, but not most of them. */
const LIMIT_IOPS = 200;
const TRIALS = 3;
/** The ramp is for the second's worth of I/Os that the device does at once. */
const slow = ['--filename=/dev/nvme3n1', '--ramp-time=1s', '--runtime=1500ms', `--trials=${TRIALS}`];

const steps = [
  report('read', [all, block, ...pass, '--rw=read', goOn]),
  report('randread', ['--backend=io_uring', block, ...pass, '--rw=randread', goOn]),
  report('write', ['--backend=sync,io_uring', block, ...pass, '--rw=write', goOn, '--allow-overwrite']),
  report('polled', ['--backend=io_uring+iopoll', block, ...pass, '--rw=read', goOn]),
  report('commands', ['--backend=io_uring_cmd', generic, ...pass, '--rw=read', goOn]),
  report('commands, write', [
    '--backend=io_uring_cmd+fixedbufs',
    ...[generic, ...pass, '--rw=write', goOn, '--allow-overwrite'],
  ]),
  report('large', ['--backend=io_uring', block, ...pass, '--rw=read', '--bs=64k', goOn]),
  report('elsewhere', ['--backend=io_uring', block, ...pass, '--rw=read', '--size=512k']),
  report('stop', [all, block, ...pass, '--rw=read']),
  report('stop, commands', ['--backend=io_uring_cmd', generic, ...pass, '--rw=read']),
  report('limit 8', ['--backend=linux-aio,io_uring', ...slow, '--iodepth=8']),
  report('limit 16', ['--backend=io_uring', ...slow, '--iodepth=16']),
];

describe('on devices that make trouble', { skip: noMachine }, () => {
  const { outcome } = useMachine(steps, { environment: { VM_IOPS: `${LIMIT_IOPS}` } });

  /** Asserts that one I/O of a trial failed, and which; the block layer makes a medium error ENODATA. */
  function oneError(name: string, label: string, expected: { op: string; code: string; file: string }): void {
    const result = resultOf(outcome(name));
    const { total_ios: ios, errors, status } = trialOf(result, label);
    const { op, code, file } = expected;
    const known = errors.map(({ errno, ...error }) => error);
    assert.deepEqual(known, [{ op, code, count: 1, first_file: file, first_offset: BAD_OFFSET }], label);
    assert.equal(ios, IOS - 1, 'the others are in the figures');
    assert.equal(status, 'complete');
    assert.match(warningsOf(result, 'io-errors').join(), /1 I\/Os? failed/);
  }

  describe('a medium error', () => {
    for (const label of backends) {
      it(`is counted with its offset, and the run goes on: ${label}`, () => {
        oneError('read', label, { op: 'read', code: 'ENODATA', file: '/dev/nvme2n1' });
      });

      it(`ends the run, which says where it was: ${label}`, () => {
        const { code, stdout, stderr } = outcome('stop');
        assert.equal(code, EXIT.failed);
        const [line = ''] = stderr
          .split('\n')
          .filter((text) => text.startsWith(`uring-bench: ${label} failed`));
        assert.match(line, /: read \/dev\/nvme2n1 at offset 1048576: .*ENODATA.*the medium is bad there/);
        const { status, trials } = backendOf(JSON.parse(stdout), label);
        assert.equal(status, 'failed');
        assert.equal(trials[0]?.errors[0]?.first_offset, BAD_OFFSET);
      });
    }

    it('is met by writes as well, and in whatever order', () => {
      oneError('write', 'sync', { op: 'write', code: 'ENODATA', file: '/dev/nvme2n1' });
      oneError('write', 'io_uring', { op: 'write', code: 'ENODATA', file: '/dev/nvme2n1' });
      oneError('randread', 'io_uring', { op: 'read', code: 'ENODATA', file: '/dev/nvme2n1' });
    });

    it('is no different when it is polled for', () => {
      oneError('polled', 'io_uring+iopoll', { op: 'read', code: 'ENODATA', file: '/dev/nvme2n1' });
    });

    it('is EIO of an NVMe command', () => {
      oneError('commands', 'io_uring+passthrough', { op: 'read', code: 'EIO', file: '/dev/ng2n1' });
      const label = 'io_uring+passthrough+fixedbufs';
      oneError('commands, write', label, { op: 'write', code: 'EIO', file: '/dev/ng2n1' });
      const where = /read \/dev\/ng2n1 at offset 1048576: .*EIO.*dmesg/;
      failsWith(outcome('stop, commands'), EXIT.failed, where);
    });

    it('is of the I/O that holds the bad sector', () => {
      const { code, stdout, stderr } = outcome('large');
      assert.equal(code, EXIT.failed, 'one of 16 is too many');
      assert.match(stderr, /6\.3 % of its I\/Os failed \(ENODATA\)/);
      const { errors, total_ios: ios } = trialOf(JSON.parse(stdout), 'io_uring');
      assert.deepEqual([errors.length, errors[0]?.first_offset, ios], [1, BAD_OFFSET, 15]);
      assert.deepEqual(onlyTrial(outcome('elsewhere')).errors, []);
    });
  });

  describe('a limit of the device', () => {
    for (const [name, label, depth] of [
      ['limit 8', 'linux-aio', 8],
      ['limit 8', 'io_uring', 8],
      ['limit 16', 'io_uring', 16],
    ] as const) {
      it(`is what is measured, and with it the latency: ${label}, iodepth ${depth}`, () => {
        const { trials, summary } = backendOf(resultOf(outcome(name)), label);
        const latencies = trials.map((trial) => opsOf(trial).read.lat_ns.mean).sort((a, b) => a - b);
        assert.equal(latencies.length, TRIALS);
        near(summary?.iops.median ?? 0, LIMIT_IOPS, 0.05, 'IOPS, median of the trials');
        near(latencies[1] ?? 0, (depth / LIMIT_IOPS) * 1e9, 0.05, 'mean latency in ns, median of the trials');
      });
    }
  });
});
