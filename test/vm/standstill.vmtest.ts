/** What happens to a run while it is under way: a device is suspended or taken out, the clock is set. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { backendOf, resultOf, trialOf } from '../support/bench.ts';
import { near, parseResult } from '../support/result.ts';
import { warningsOf } from './expect.ts';
import { noMachine, report, useMachine } from './machine.ts';

const backends = ['sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring'];
const SUSPENDED_S = 2;
const HOUR_S = 3600;

/** Something that happens beside a run once it has done some I/Os on a device (dm-0, nvme1n1). */
function meanwhile(device: string, commands: string): string {
  const ios = `awk -v d=${device} '$3 == d { print $4 }' /proc/diskstats`;
  const wait = `until [ "$(${ios})" -gt $((before + 200)) ]; do sleep 0.1; done; sleep 0.5`;
  return `before=$(${ios}); ( ${wait}; ${commands} ) >/dev/null 2>&1 &`;
}

const suspend = (seconds: number): string =>
  `dmsetup suspend --noudevsync slow; sleep ${seconds}; dmsetup resume --noudevsync slow`;
const setClock = (by: number): string => `date -s @$(($(date +%s) + ${by}))`;

const suspended = '--filename=/dev/mapper/slow';
const makeSlow =
  'dmsetup create slow --noudevsync --table "0 $(blockdev --getsz /dev/nvme1n1) linear /dev/nvme1n1 0" && dmsetup mknodes slow';
const trial = ['--trials=1', '--iodepth=4'];

/** Each takes a device of the machine with it. */
const gone = [
  { backend: 'sync', device: 'nvme0n1' },
  { backend: 'posix-aio', device: 'nvme2n1' },
  { backend: 'linux-aio', device: 'nvme3n1' },
  { backend: 'io_uring', device: 'nvme1n1', before: 'dmsetup remove --noudevsync slow\n' },
];

const steps = [
  ...backends.map((backend) =>
    report(`suspended: ${backend}`, [`--backend=${backend}`, suspended, ...trial, '--runtime=4s'], {
      before: `[ -e /dev/mapper/slow ] || { ${makeSlow}; }\n${meanwhile('dm-0', suspend(SUSPENDED_S))}`,
    }),
  ),
  report('at its end', ['--backend=io_uring', suspended, ...trial, '--runtime=2s'], {
    before: meanwhile('dm-0', suspend(5)),
  }),
  ...[HOUR_S, -HOUR_S].map((by) =>
    report(`clock ${by}`, ['--backend=io_uring', '--filename=/dev/nvme1n1', ...trial, '--runtime=4s'], {
      before: meanwhile('nvme1n1', setClock(by)),
      after: setClock(-by),
    }),
  ),
  ...gone.map(({ backend, device, before = '' }) =>
    report(
      `gone: ${backend}`,
      [`--backend=${backend}`, `--filename=/dev/${device}`, ...trial, '--runtime=20s'],
      {
        before: `${before}${meanwhile(device, `echo 1 >/sys/block/${device}/device/device/remove`)}`,
      },
    ),
  ),
];

describe('while a run is under way', { skip: noMachine }, () => {
  const { outcome } = useMachine(steps);

  describe('a device that is suspended', () => {
    for (const backend of backends) {
      it(`shows in stalled_ns and in the validity: ${backend}`, () => {
        const result = resultOf(outcome(`suspended: ${backend}`));
        const { stalled_ns: stalled = 0 } = trialOf(result, backend);
        assert.ok(stalled > (SUSPENDED_S - 0.3) * 1e9 && stalled < (SUSPENDED_S + 3) * 1e9, `${stalled} ns`);
        assert.match(warningsOf(result, 'stalled').join(), /no I\/O ended for a second or more/);
        assert.equal(result.validity?.verdict, 'limited');
      });
    }

    it('is waited for beyond the end of the trial, and that is told', () => {
      const result = resultOf(outcome('at its end'));
      const { runtime_ns: runtime, stalled_ns: stalled = 0 } = trialOf(result);
      assert.ok(runtime > 4e9, `${runtime} ns`);
      assert.ok(stalled > 3e9, `${stalled} ns`);
    });
  });

  it('the clock may be set: times are of one that nobody sets', () => {
    for (const by of [HOUR_S, -HOUR_S]) {
      const result = resultOf(outcome(`clock ${by}`));
      const { runtime_ns: runtime, ops } = trialOf(result);
      near(runtime / 1e9, 4, 0.25, 'seconds');
      assert.ok((ops.read?.lat_ns.max ?? 0) < 4e9);
      assert.deepEqual(warningsOf(result, 'stalled'), []);
      const seconds = (Date.parse(result.finished_at ?? '') - Date.parse(result.started_at)) / 1000;
      assert.ok(by < 0 || seconds > HOUR_S - 60, 'the clock was set meanwhile');
    }
  });

  describe('a device that is taken out', () => {
    for (const { backend } of gone) {
      it(`ends the run with what was done until then: ${backend}`, () => {
        const { code, stdout, stderr } = outcome(`gone: ${backend}`);
        assert.equal(code, EXIT.failed, stderr);
        const [line = '', ...others] = stderr.split('\n').filter((text) => text.startsWith('uring-bench: '));
        assert.match(
          line,
          new RegExp(
            `^uring-bench: ${backend} failed: read /dev/nvme\\d+n1 at offset \\d+: .*\\((EIO|ENODEV|ENXIO|ENODATA)\\)`,
          ),
        );
        assert.deepEqual(others, []);
        const result: RunResult = parseResult(stdout);
        const { trials, status } = backendOf(result, backend);
        assert.equal(status, 'failed');
        assert.ok((trials[0]?.total_ios ?? 0) > 0);
        assert.equal(trials[0]?.lost, undefined, 'nothing is left in flight');
      });
    }
  });
});
