/** Polled I/O on a device that has poll queues, polled submission, and what Linux 6.12 is too old for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { backendOf, resultOf, trialOf } from '../support/bench.ts';
import { near } from '../support/result.ts';
import { failsWith, interrupted, onlyTrial, polled, warningsOf } from './expect.ts';
import { noMachine, report, useMachine } from './machine.ts';

const POLLED = '--filename=/dev/nvme0n1';
const NOT_POLLED = '--filename=/dev/nvme1n1';
const IOS = 300;
/** At most, before a device is written to; the block layer of an idle device merges none of them. */
const GUARD_READS = 80;
const one = `--number-ios=${IOS}`;
const deep = ['--iodepth=8', '--runtime=1s'];
/** All that goes with iopoll. */
const everything = 'io_uring+iopoll+enhanced+registerring+single_issuer+defer_taskrun+no_sqarray';

/** Slow enough that the submission thread goes to sleep after 1 ms of it, not after a second. */
const PAUSED_IOS = 40;
const paused = [`--number-ios=${PAUSED_IOS}`, '--thinktime=20ms'];

const steps = [
  report('interrupts', ['--backend=io_uring', POLLED, one]),
  report('iopoll', ['--backend=io_uring+iopoll', POLLED, one]),
  report('iopoll, deep', ['--backend=io_uring+iopoll', POLLED, ...deep]),
  report('iopoll, all', [
    `--backend=${everything}`,
    POLLED,
    ...['--rw=randrw', '--allow-overwrite', '--numjobs=2', '--iodepth=8', one],
  ]),
  report('iopoll, forced', ['--backend=io_uring+iopoll+force_async', POLLED, one, '--iodepth=4']),
  report('iopoll, null_blk', ['--backend=io_uring+iopoll+enhanced', '--filename=/dev/nullb0', ...deep]),
  report('no poll queues', ['--backend=io_uring+iopoll', NOT_POLLED, one]),
  report('no poll queues, among others', ['--backend=io_uring+iopoll,sync', NOT_POLLED, one, '--trials=1']),
  report('hipri', ['--backend=sync+hipri', POLLED, one]),

  report('sqpoll', ['--backend=io_uring+sqpoll', POLLED, '--runtime=1s']),
  report('sqpoll, CPU 0', ['--backend=io_uring+sqpoll', POLLED, '--runtime=1s', '--sqthread-poll-cpu=0']),
  report('sqpoll, CPU 1', ['--backend=io_uring+sqpoll', POLLED, '--runtime=1s', '--sqthread-poll-cpu=1']),
  report('sqpoll, iopoll', ['--backend=io_uring+sqpoll+iopoll', POLLED, one]),
  report('awake', ['--backend=io_uring+sqpoll', POLLED, ...paused, '--sqthread-poll-idle=1s']),
  report('asleep', ['--backend=io_uring+sqpoll', POLLED, ...paused, '--sqthread-poll-idle=1ms']),

  report('hybrid', ['--backend=io_uring+iopoll+hybrid_iopoll', POLLED, one]),
  report('hybrid, among others', [
    '--backend=io_uring+iopoll+hybrid_iopoll,io_uring',
    ...[POLLED, one, '--trials=1'],
  ]),
  report('vectored, fixedbufs', ['--backend=io_uring+vectored+fixedbufs', POLLED, one]),
  report('min_wait', [
    ...['--backend=io_uring+min_wait', POLLED, one, '--iodepth=4', '--iodepth-batch-submit=4'],
    ...['--iodepth-batch-complete-min=4', '--min-wait=10s'],
  ]),
  report('uncached', ['--backend=io_uring+uncached', POLLED, '--buffered', one]),
  report('uncached, sync', ['--backend=sync+uncached', POLLED, '--buffered', one]),
  {
    name: 'article',
    args: ['article', 'table3', POLLED, '--runtime=300ms', '--trials=1', '--no-save', '--quiet'],
  },
  { name: 'backends', args: ['backends', '--output-format=json'] },
];

describe('in a machine with poll queues', { skip: noMachine }, () => {
  const { outcome } = useMachine(steps);

  describe('iopoll', () => {
    it('raises no interrupt and never sleeps, where each I/O raises one without it', () => {
      interrupted(outcome('interrupts'), 'nvme0', onlyTrial(outcome('interrupts')).total_ios);
      for (const name of ['iopoll', 'iopoll, deep', 'iopoll, all', 'iopoll, null_blk']) {
        const { ctx, total_ios: ios } = onlyTrial(outcome(name));
        polled(outcome(name), 'nvme0', name === 'iopoll, all' ? GUARD_READS : 4);
        assert.ok(ctx.voluntary <= ios / 20, `${name}: ${ctx.voluntary} times asleep for ${ios} I/Os`);
      }
    });

    it('works through io-wq, too, where helpers do the I/O', () => {
      polled(outcome('iopoll, forced'), 'nvme0');
      assert.equal(outcome('iopoll, forced').blockIos.nvme0n1, IOS);
      const { total_ios: ios, ctx } = onlyTrial(outcome('iopoll, forced'));
      assert.equal(ios, IOS);
      assert.ok(ctx.helpers > 0, 'io-wq has worked');
    });

    it('does all I/Os through the block layer, with the queue kept full', () => {
      assert.equal(onlyTrial(outcome('iopoll')).total_ios, IOS);
      assert.equal(outcome('iopoll').blockIos.nvme0n1, IOS);
      assert.equal(onlyTrial(outcome('iopoll, all')).total_ios, 2 * IOS);
      // The guard reads what is on a device before it is written to, some fifty reads with libblkid.
      near(outcome('iopoll, all').blockIos.nvme0n1 ?? 0, 2 * IOS, 0, 'I/Os of the block layer', GUARD_READS);
      near(onlyTrial(outcome('iopoll, deep')).effective_depth, 8, 0.1, 'in flight');
      near(
        onlyTrial(outcome('iopoll, null_blk')).effective_depth,
        8,
        0.25,
        'in flight, of what takes no time',
      );
    });

    it('fails where the device has no poll queues, in one line that says so', () => {
      const words = [/\/dev\/nvme1n1/, /EOPNOTSUPP/, /iopoll: the device has no poll queues/];
      failsWith(outcome('no poll queues'), EXIT.failed, ...words);
      assert.deepEqual(outcome('no poll queues').interrupts.nvme1, 0, 'nothing ran in its place');
      const others = outcome('no poll queues, among others');
      failsWith(others, EXIT.failed, ...words);
      assert.equal(trialOf(JSON.parse(others.stdout), 'sync').total_ios, IOS);
    });

    it('says that sync+hipri is not polled: Linux ignores that since 5.19', () => {
      const result = resultOf(outcome('hipri'));
      interrupted(outcome('hipri'), 'nvme0', trialOf(result).total_ios);
      const [warning = ''] = warningsOf(result, 'not-polled');
      assert.match(warning, /^sync\+hipri: .*interrupts.*5\.19/);
      assert.deepEqual(warningsOf(resultOf(outcome('iopoll')), 'not-polled'), []);
    });
  });

  describe('sqpoll', () => {
    it("counts the kernel's thread: its CPU time and its context switches", () => {
      const { total_ios: ios, cpu, ctx, runtime_ns: runtimeNs } = onlyTrial(outcome('sqpoll'));
      assert.ok(ios > 0);
      assert.equal(outcome('sqpoll').threads.length, 1, 'one iou-sqp thread');
      assert.ok(cpu.helpers_ns >= runtimeNs / 10, `${cpu.helpers_ns} ns of ${runtimeNs} it spun`);
      assert.ok(ctx.helpers > 0);
      assert.equal(onlyTrial(outcome('interrupts')).cpu.helpers_ns, 0, 'none without sqpoll');
    });

    it('runs it on the CPU that --sqthread-poll-cpu says', () => {
      const cpus = (name: string): string[] => outcome(name).threads.map((thread) => thread.cpus);
      assert.deepEqual(cpus('sqpoll, CPU 0'), ['0']);
      assert.deepEqual(cpus('sqpoll, CPU 1'), ['1']);
      assert.deepEqual(cpus('sqpoll'), ['0-1']);
    });

    it('can poll for completions as well', () => {
      assert.equal(onlyTrial(outcome('sqpoll, iopoll')).total_ios, IOS);
      polled(outcome('sqpoll, iopoll'), 'nvme0');
    });

    it('wakes it by system calls once it sleeps, after --sqthread-poll-idle', () => {
      const enters = (name: string): number => onlyTrial(outcome(name)).syscalls.by_name.io_uring_enter ?? 0;
      const slept = (name: string): number => outcome(name).threads[0]?.voluntary ?? 0;
      // One call waits for each completion; the others wake the thread.
      assert.ok(enters('awake') <= PAUSED_IOS * 1.2, `${enters('awake')} calls`);
      assert.ok(enters('asleep') >= PAUSED_IOS * 1.5, `${enters('asleep')} calls`);
      assert.ok(slept('awake') <= PAUSED_IOS / 4, `asleep ${slept('awake')} times`);
      assert.ok(slept('asleep') >= PAUSED_IOS / 2, `asleep ${slept('asleep')} times`);
      assert.ok(onlyTrial(outcome('asleep')).ctx.helpers >= PAUSED_IOS / 2, 'seen in the context switches');
    });
  });

  it("is where the article's third table polls, as it did there", () => {
    const { code, stdout, stderr } = outcome('article');
    assert.equal(code, EXIT.ok, stderr);
    assert.match(stdout, /^io_uring\+enhanced\+iopoll +[\d,]+ /m);
    assert.doesNotMatch(stdout, /Not as in the article/);
    assert.match(stdout, /^Direct I\/O: 1?\d\d % of the bytes/m);
  });

  describe('what this kernel is too old for', () => {
    it('is told with the version that brought it', () => {
      const hybrid = /hybrid_iopoll needs Linux 6\.13, this is 6\.12\./;
      failsWith(outcome('hybrid'), EXIT.unavailable, /io_uring_setup/, /EINVAL/, hybrid);
      const result = resultOf(outcome('hybrid, among others'));
      const { status, reason } = backendOf(result, 'io_uring+iopoll+hybrid_iopoll');
      assert.equal(status, 'skipped');
      assert.match(reason ?? '', hybrid);
      assert.equal(trialOf(result, 'io_uring').total_ios, IOS);
      assert.match(result.environment.kernel, /^6\.12\./);
    });

    it('is found before the first I/O, even if it is but a flag of the I/O', () => {
      for (const name of ['uncached', 'uncached, sync']) {
        failsWith(outcome(name), EXIT.unavailable, /uncached needs Linux 6\.14, this is 6\.12\./);
      }
    });

    it('can be two features together', () => {
      const together = /vectored with fixedbufs needs Linux 6\.15, this is 6\.12\./;
      failsWith(outcome('vectored, fixedbufs'), EXIT.unavailable, /IORING_OP_READV_FIXED/, together);
    });

    it('is not what it brought itself: waits for so many or so long', () => {
      const trial = onlyTrial(outcome('min_wait'));
      assert.equal(trial.total_ios, IOS);
      assert.equal(trial.syscalls.by_name.io_uring_enter, IOS / 4);
    });

    it('is what `uring-bench backends` lists as missing, and nothing else', () => {
      const { code, stdout } = outcome('backends');
      assert.equal(code, EXIT.ok);
      interface Listed {
        name: string;
        since: string | null;
        available: boolean;
        reason: string | null;
        features: Listed[];
      }
      const { backends } = JSON.parse(stdout) as { backends: Listed[] };
      const missing = backends.flatMap((backend) =>
        [backend, ...backend.features].filter(({ available }) => !available),
      );
      // Nobody has set huge pages aside there.
      const aside = missing.findIndex(({ name }) => name === 'hugepages');
      assert.match(missing.splice(aside, 1)[0]?.reason ?? '', /ENOMEM.*vm\.nr_hugepages=/);
      assert.deepEqual(missing.map(({ name, since }) => `${name} ${since}`).sort(), [
        'cqe_mixed 6.18',
        'hybrid_iopoll 6.13',
        'no_iowait 6.15',
        'registered_wait 6.13',
        'sq_rewind 7.0',
        'uncached 6.14',
        'uncached 6.14',
        'uncached 6.14',
      ]);
      for (const { name, since, reason } of missing) {
        assert.ok(reason?.includes(`${name} needs Linux ${since}, this is 6.12.`), `${name}: ${reason}`);
      }
    });
  });
});
