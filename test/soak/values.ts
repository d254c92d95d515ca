/**
 * Values that the soak draws for each option: small, so that a run takes a fraction of a second, and each of them good
 * in some combination. An option that is not here fails the soak's test: null is for those that it sets by itself.
 */
import { knownOptions } from '../../src/options/option-reader.ts';

const yes = ['1'];

export const VALUES: Readonly<Record<string, readonly string[] | null>> = {
  // What is compared, on what, and where results go are the soak's own.
  backend: null,
  job: null,
  reference: null,
  filename: null,
  directory: null,
  'destroy-device': null,
  'allow-overwrite': null,
  name: null,
  rw: null,
  size: null,
  randseed: null,
  // glibc sizes its pool once a process.
  'aio-threads': null,
  // A search of many runs.
  'latency-target': null,
  // More trials until they agree: how many is up to the machine.
  'until-confident': null,
  'max-trials': null,
  // Not every machine gives them, and nothing is different but the time that it takes.
  nice: ['1', '19'],
  'sqthread-poll-cpu': ['0'],

  trials: ['1', '2', '3'],
  'warmup-trials': ['0', '1'],
  isolation: ['thread', 'thread', 'process', 'worker'],
  'pool-threads': ['1', '2', '7'],
  pair: ['write-fdatasync', 'read-write'],
  'sqthread-poll-idle': ['1ms', '1s'],
  'min-wait': ['1us', '100us', '5ms'],
  'iowq-bounded': ['1', '8'],
  'iowq-unbounded': ['1', '8'],
  'null-delay': ['0', '1us', '50us'],
  filesize: ['64k', '100k', '256k'],
  nrfiles: ['1', '2', '5'],
  dirs: ['1', '3'],
  depth: ['0', '1', '2'],
  'shared-dir': yes,
  // Whole files alone have it: draw.ts gives it to some of them.
  checksum: null,
  'file-service-type': ['roundrobin', 'roundrobin:3', 'random', 'sequential'],
  offset: ['0', '64k', '68k'],
  rwmixread: ['0', '1', '30', '99', '100'],
  bs: ['512', '4k', '4k', '8k', '12k', '64k', '4k,16k', '32k,8k'],
  norandommap: yes,
  'random-distribution': ['zipf:1.1', 'zipf:0.5', 'pareto:0.2', 'normal:30', 'random'],
  'refill-buffers': yes,
  'buffer-compress-percentage': ['0', '50', '100'],
  overwrite: ['0', '1'],
  fallocate: ['none', 'native', 'posix', 'keep', 'truncate'],
  'zero-buffers': yes,
  iodepth: ['1', '2', '7', '16', '64'],
  'iodepth-batch-submit': ['1', '3', '16'],
  'iodepth-batch-complete-min': ['0', '1', '4'],
  'iodepth-batch-complete-max': ['1', '8', '64'],
  direct: ['0', '1'],
  buffered: ['0', '1'],
  sync: ['none', 'sync', 'dsync'],
  fsync: ['1', '7'],
  fdatasync: ['1', '5'],
  'end-fsync': yes,
  invalidate: ['0', '1'],
  'pre-read': yes,
  'fadvise-hint': ['pattern', 'random', 'sequential', 'none'],
  noatime: yes,
  numjobs: ['1', '2', '3'],
  'cpus-allowed': ['0'],
  'cpus-allowed-policy': ['shared', 'split'],
  'count-instructions': yes,
  thinktime: ['10us', '1ms'],
  'rate-iops': ['5000', '200000'],
  rate: ['512m'],
  'rate-process': ['linear', 'poisson'],
  // Whether they are reached is up to the machine; these are.
  'rate-iops-min': ['1'],
  'rate-min': ['1'],
  startdelay: ['1ms', '20ms'],
  runtime: ['20ms', '50ms', '150ms'],
  'time-based': ['0', '1'],
  'ramp-time': ['5ms', '30ms'],
  loops: ['1', '2', '3'],
  'number-ios': ['1', '10', '200'],
  'io-size': ['4k', '64k', '300k', '1m'],
  'continue-on-error': ['none', 'read', 'io', 'all'],
  // What else it says needs rights that not every machine gives.
  explain: ['none', 'none', 'none', 'basic'],
  interval: ['0', '10ms', '100ms', '1s'],
  'steady-state': ['iops:50%/2x50ms', 'lat:1%:1%/3x50ms', 'bw:90%/2x100ms'],
  'percentile-list': ['50:99', '1:50:99.9:100'],
};

/** Options that say what a run does and have no values here, and values whose option there is no more. */
export function strangers(): string[] {
  const run = knownOptions
    .filter(({ scope }) => scope === 'workload' || scope === 'run')
    .map(({ flag }) => flag);
  const missing = run
    .filter((flag) => !(flag in VALUES))
    .map((flag) => `--${flag} has no values in test/soak/values.ts`);
  const gone = Object.keys(VALUES).filter((flag) => !run.some((known) => known === flag));
  return [...missing, ...gone.map((flag) => `there is no option --${flag}`)];
}
