import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixture } from '../../test/fixtures/load.ts';
import type { RunResult, Trial } from '../results/schema.ts';
import type { CgroupConditions, Conditions } from '../results/schema-statistics.ts';
import { disturbances } from './disturbance.ts';
import { validityOf } from './validity.ts';

/** The comparison on a quiet machine: five backends, five trials each. */
function quiet(): RunResult {
  return fixture('comparison');
}

function trialsOf(result: RunResult): Trial[] {
  return result.backends.flatMap(({ trials }) => trials);
}

/** The same with some trials' conditions changed. */
function disturbed(change: Partial<Conditions>, which: (trial: Trial, i: number) => boolean): RunResult {
  const result = quiet();
  for (const [i, trial] of trialsOf(result).entries()) {
    if (trial.conditions && which(trial, i)) Object.assign(trial.conditions, change);
  }
  return result;
}

function only(result: RunResult, code: string): string {
  const found = disturbances(result);
  assert.deepEqual(
    found.map((warning) => warning.code),
    [code],
  );
  return found[0]?.message ?? '';
}

/** IOPS of every trial as a function of its block. */
function scaled(factor: (trial: Trial) => number): RunResult {
  const result = quiet();
  for (const trial of trialsOf(result)) trial.iops *= factor(trial);
  return result;
}

describe('a quiet run', () => {
  it('has no disturbance', () => {
    assert.deepEqual(disturbances(quiet()), []);
    assert.equal(validityOf(quiet()).verdict, 'sound');
  });

  it('may be one of which the kernel said nothing', () => {
    const result = quiet();
    for (const trial of trialsOf(result)) delete trial.conditions;
    delete result.idle;
    assert.deepEqual(disturbances(result), []);
  });
});

describe('what the machine did beside a trial', () => {
  it('steal time', () => {
    assert.match(
      only(
        disturbed({ steal_pct: 7.31 }, (_, i) => i === 3),
        'steal-time',
      ),
      /time in sync, trial 4: 7\.3 % of it$/,
    );
    assert.match(
      only(
        disturbed({ steal_pct: 12 }, ({ trial }) => trial === 2),
        'steal-time',
      ),
      /in 5 of 25 trials, at most 12 % of it \(sync, trial 2\)/,
    );
    assert.deepEqual(disturbances(disturbed({ steal_pct: 1.9 }, () => true)), []);
  });

  it('other CPU load, when it is a part of the machine that matters', () => {
    const busy = () => disturbed({ others_cpu_pct: 95 }, () => true);
    assert.match(only(busy(), 'other-cpu-load'), /in 25 of 25 trials, at most 95 % of a CPU/);
    const large = busy();
    large.environment.cpus_online = 64;
    assert.deepEqual(disturbances(large), []);
  });

  it('throttling', () => {
    assert.match(
      only(
        disturbed({ throttled: 1 }, (_, i) => i === 0),
        'cpu-throttled',
      ),
      / in sync, trial 1: once$/,
    );
  });

  it('a clock that changes from trial to trial', () => {
    assert.match(
      only(
        disturbed({ cpu_mhz: 2100 }, (_, i) => i % 3 === 0),
        'cpu-frequency',
      ),
      /2\.10 to 3\.60 GHz/,
    );
    assert.deepEqual(disturbances(disturbed({ cpu_mhz: 3550 }, (_, i) => i === 0)), []);
  });

  it('others on the device, in bytes or in I/Os', () => {
    // 10 s at 81,000 IOPS of 4 KiB are 3.3 GB.
    const many = disturbed({ others_device_bytes: 1e9 }, (_, i) => i === 0);
    assert.match(only(many, 'device-load'), / in sync, trial 1: 30 % of our own I\/O$/);
    const small = disturbed({ others_device_bytes: 1e6, others_device_ios: 90_000 }, (_, i) => i === 0);
    assert.match(only(small, 'device-load'), /sync, trial 1: 11 %/);
    const little = disturbed({ others_device_bytes: 1e8, others_device_ios: 20_000 }, () => true);
    assert.deepEqual(disturbances(little), []);
    const unknown = disturbed({ others_device_bytes: null, others_device_ios: null }, () => true);
    assert.deepEqual(disturbances(unknown), []);
  });
});

describe('what was seen while nothing ran', () => {
  const look = { trial: 1, pressure_cpu_pct: 0, pressure_io_pct: 0, device_bytes_per_second: 0 };
  const seen = (change: Partial<typeof look>) => ({
    ...quiet(),
    idle: [look, { ...look, trial: 2, ...change }],
  });

  it('pressure by others', () => {
    assert.match(only(seen({ pressure_cpu_pct: 42 }), 'pressure'), /waited for a CPU 21 % of the time/);
    assert.match(
      only(seen({ pressure_cpu_pct: 22, pressure_io_pct: 88 }), 'pressure'),
      /for a CPU 11 % and for I\/O 44 % of/,
    );
    assert.deepEqual(
      disturbances(seen({ pressure_cpu_pct: 18, pressure_io_pct: 18 })),
      [],
      'one look in two',
    );
  });

  it('others on the device', () => {
    assert.match(only(seen({ device_bytes_per_second: 20 * 2 ** 20 }), 'device-busy'), /up to 20 MiB\/s/);
  });
});

describe('trials themselves', () => {
  it('drift, all together', () => {
    const falling = scaled(({ trial }) => 0.97 ** trial);
    assert.match(only(falling, 'drift'), /IOPS fell by 1[12] % over 5 trials \(Mann-Kendall p=0\.017\)/);
    const rising = scaled(({ trial }) => 1.05 ** trial);
    assert.match(only(rising, 'drift'), /IOPS rose by 2\d % over 5 trials/);
    const slight = scaled(({ trial }) => 0.999 ** trial);
    assert.deepEqual(disturbances(slight), [], 'too little to matter');
  });

  it('drift is told from noise', () => {
    // Up and down: 10 % between blocks, in no order.
    const levels = [1, 0.9, 1.05, 0.95, 1.02];
    const noisy = scaled(({ trial }) => levels[trial - 1] ?? 1);
    assert.ok(disturbances(noisy).every(({ code }) => code !== 'drift'));
  });

  it('one that is held up', () => {
    const result = quiet();
    const [, second] = result.backends;
    const trial = second?.trials[2];
    assert.ok(trial);
    trial.iops *= 0.6;
    const [warning] = disturbances(result);
    assert.equal(warning?.code, 'outlier-trial');
    assert.deepEqual([warning?.variant, warning?.trial], ['posix-aio', 3]);
    assert.match(warning?.message ?? '', /^posix-aio: IOPS \d\d % below the median/);
  });
});

describe('the validity of a run', () => {
  const after = (result: RunResult): string => {
    result.warnings.push(...disturbances(result));
    const { verdict, text } = validityOf(result);
    return `${verdict}: ${text}`;
  };

  it('is limited by what disturbed it, each thing named once', () => {
    const result = disturbed({ steal_pct: 9, cpu_mhz: 1200 }, (_, i) => i % 2 === 0);
    assert.match(
      after(result),
      /^limited: steal time and a changing CPU clock disturbed it: trust the differences.* more than the figures/,
    );
  });

  it('is limited by too few trials, with how many are missing', () => {
    assert.match(
      after(fixture('interrupted')),
      /^limited: not all trials are there; 1 trial .*: 3 more are needed/,
    );
    assert.match(after(fixture('single')), /^limited: one trial has no interval/);
  });

  it('is none without numbers, or when backends did not do the same', () => {
    const empty = quiet();
    for (const backend of empty.backends) backend.trials = [];
    assert.equal(after(empty), 'unsound: no trial gave a number');
    const unlike = quiet();
    unlike.warnings.push({ code: 'offsets-differ', message: '', variant: null, trial: 1 });
    assert.match(after(unlike), /^unsound: the backends were not given the same I\/O/);
  });

  it('says what an interval covers', () => {
    assert.match(after(quiet()), /^sound: 5 trials of each .* range of the trials, which covers 94 %$/);
    assert.match(after(fixture('mixed')), /^sound: 6 trials of each .* intervals are 95 %$/);
  });

  it('names what else to know', () => {
    const result = quiet();
    for (const code of ['outlier-trial', 'few-ios', 'confidence-limit']) {
      result.warnings.push({ code, message: '', variant: null, trial: null });
    }
    const text = after(result);
    for (const part of [/medians hold/, /wider than was asked/, /rest on few I\/Os/])
      assert.match(text, part);
  });
});

describe('what a control group did', () => {
  const free: CgroupConditions = {
    cpu_max: null,
    throttled_pct: null,
    throttled_ns: null,
    memory_max_bytes: null,
    memory_limit_hits: null,
    io_max: [],
  };
  const limited = (change: Partial<CgroupConditions>, which: (trial: Trial, i: number) => boolean) =>
    disturbed({ cgroup: { ...free, ...change } }, which);
  const ioMax = (riops: number) => [{ device: 'vda', rbps: null, wbps: null, riops, wiops: null }];

  it('is nothing as long as no limit is reached', () => {
    const change = {
      cpu_max: 2,
      throttled_pct: 0.5,
      throttled_ns: 10,
      memory_max_bytes: 2 ** 30,
      memory_limit_hits: 0,
      io_max: ioMax(1e9),
    };
    assert.deepEqual(disturbances(limited(change, () => true)), []);
  });

  it('stopped the jobs for their CPU quota', () => {
    const result = limited({ cpu_max: 0.5, throttled_pct: 40 }, (_, i) => i < 3);
    const message =
      "the control group's CPU quota stopped the jobs in 3 of 25 trials, at most in 40 % of its periods";
    assert.ok(only(result, 'cpu-quota').startsWith(message));
    assert.equal(disturbances(result)[0]?.see, 'docs/TUNING.md#cgroup-cpu');
    result.warnings.push(...disturbances(result));
    assert.match(validityOf(result).text, /^the control group's CPU quota disturbed it/);
  });

  it('took memory away', () => {
    const result = limited({ memory_max_bytes: 2 ** 30, memory_limit_hits: 7 }, (_, i) => i === 0);
    assert.match(only(result, 'memory-limit'), /memory limit was reached in \S+, trial \d: 7 times$/);
  });

  it('is what was measured when io.max is used up, by one device alone', () => {
    const [first] = trialsOf(quiet());
    const riops = Math.round((first?.ops.read?.iops ?? 0) * 1.01);
    const result = limited({ io_max: ioMax(riops) }, (_, i) => i === 0);
    assert.match(only(result, 'io-limit'), /io\.max held the workload back .*: 99 % of it was used$/);
    result.warnings.push(...disturbances(result));
    assert.equal(validityOf(result).verdict, 'unsound');
    const two = limited({ io_max: [...ioMax(riops), ...ioMax(riops)] }, (_, i) => i === 0);
    assert.deepEqual(disturbances(two), []);
  });
});
