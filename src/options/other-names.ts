/**
 * Options that other tools have (fio, dd, sysbench, ioping, diskspd, vdbench, iozone), and words that people try: what is ours for
 * them. They are not taken, since their values are written in other ways; the error says ours. other-names.test.ts reads every line of ours.
 */
import { backends } from '../backends/registry.ts';
import type { OptionSpec } from '../values/option-spec.ts';

/** Ours, as it is typed, and what it is called elsewhere. Of a word that could mean two of ours both are named. */
const CALLED: readonly (readonly [ours: string, theirs: string])[] = [
  ['--numjobs', 'threads num-threads thread-count nthreads jobs workers num-workers'],
  [
    '--bs',
    'block-size record-size recordsize reclen xfersize transfer-size request-size file-block-size bsize',
  ],
  [
    '--iodepth',
    'queue-depth queuedepth qd outstanding outstanding-ios inflight in-flight file-async-backlog',
  ],
  ['--runtime', 'time duration seconds elapsed max-time run-time work-time test-time'],
  ['--ramp-time, or --warmup-trials', 'warmup warm-up warmup-time'],
  ['--ramp-time', 'steadystate-ramp-time ss-ramp'],
  ['--filename', 'file path target device dev disk drive lun if of'],
  ['--directory', 'dir folder test-dir testdir'],
  ['--size', 'total-size file-total-size working-set working-set-size work-size'],
  ['--nrfiles', 'files file-num num-files file-count'],
  ['--backend', 'engine engines io-engine interface interfaces file-io-mode'],
  ['--rw', 'mode pattern access operation io-type file-test-mode test-mode'],
  ['--rw=randread, or --rw=randwrite', 'random rand'],
  ['--rw=read, or --rw=write', 'sequential seq linear'],
  ['--rwmixread', 'rdpct read-percent read-percentage read-ratio'],
  ['the other part: --rwmixread', 'rwmixwrite wrpct write-percent write-percentage'],
  ['--direct', 'o-direct odirect direct-io unbuffered no-cache nocache'],
  ['--direct, or --sync', 'oflag iflag openflags file-extra-flags'],
  ['--buffered', 'cached page-cache use-cache'],
  ['--sync', 'o-sync osync'],
  ['--sync=dsync', 'o-dsync odsync dsync'],
  ['--fsync', 'file-fsync-freq fsync-freq'],
  ['--fsync=1', 'file-fsync-all'],
  ['--end-fsync', 'file-fsync-end fsync-on-close conv'],
  ['--number-ios', 'count ios num-ios requests max-requests events'],
  ['--trials', 'repeat repeats repetitions runs rounds iterations'],
  ['--loops', 'passes'],
  ['--steady-state iops:10%/5x60s', 'steadystate steadystate-duration ss ss-dur'],
  ['--interval', 'status-interval log-avg-msec log-hist-msec report-interval stats-interval'],
  ['--output-format=series-csv', 'write-bw-log write-iops-log bandwidth-log'],
  ['--rate-iops', 'iorate target-rate arrival-rate iops-limit limit-iops'],
  ['--rate', 'bandwidth-limit bw-limit throttle'],
  ['--offset', 'skip seek start-offset'],
  ['--randseed', 'seed rand-seed random-seed'],
  ['--random-distribution', 'distribution rand-type'],
  ['--random-distribution=zipf:1.2', 'zipf'],
  ['--random-distribution=pareto:0.2', 'pareto'],
  ['--zero-buffers', 'zero zeros zeroes'],
  ['--buffer-compress-percentage', 'compression compressibility'],
  ['--cpus-allowed', 'cpus cpu cores affinity cpu-affinity cpu-list cpumask taskset'],
  ['--isolation=process', 'processes fork'],
  ['--continue-on-error', 'ignore-error'],
  ['--allow-overwrite', 'force overwrite-existing'],
  ['--destroy-device', 'allow-mounted-write'],
  ['--output-format', 'format'],
  ['--output-format=csv', 'minimal terse append-terse terse-version'],
  ['--output-format=hlog', 'write-lat-log write-hist-log'],
  ['--output', 'out outfile output-file'],
  ['--results-dir', 'output-dir out-dir save-dir'],
  ['--quiet', 'silent eta eta-interval eta-newline no-progress'],
  ['--percentile-list', 'percentiles percentile quantiles'],
  ['--label', 'tag tags'],
  ['--note', 'comment description desc'],
  ['--until-confident', 'confidence'],
  ["jobs of their own are --job 'name=a rw=read' --job 'name=b rw=write'", 'section new-group'],
  ["a job after another is --job 'name=a rw=write' --job 'name=b rw=read after=a'", 'stonewall wait-for'],
];

/** What is no option here, and what there is in its place. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  thread: 'jobs are threads unless --isolation says otherwise',
  hipri: 'it is a feature of the backend: --backend sync+hipri, or --backend io_uring+iopoll',
  'sqthread-poll': 'it is a feature of the backend: --backend io_uring+sqpoll',
  'group-reporting': 'jobs are always reported together',
  randrepeat: 'runs repeat unless --randseed changes',
  'iodepth-low': 'the queue is always refilled at once',
  'lat-percentiles': 'latencies are kept whole and in parts: --percentile-list chooses what is shown',
  'clat-percentiles': 'latencies are kept whole and in parts: --percentile-list chooses what is shown',
  'latency-percentile': 'it is a part of --latency-target: --latency-target p99.9:500us',
  'latency-window': 'a rate is judged by trials: --runtime is the time of each, with --latency-target',
  'latency-run': 'the search of --latency-target goes on until it has found the rate',
  unlink: 'files that are made for a run are always removed',
  readonly: 'nothing that exists is written to without --allow-overwrite',
  ioscheduler:
    'it is the system\'s: echo none > /sys/block/DEVICE/queue/scheduler; "uring-bench doctor" shows it',
  cmdhelp: '"uring-bench help OPTION" explains one',
  enghelp: '"uring-bench backends" lists them',
};

/** fio's options that nothing here does yet. */
const NOT_YET: readonly string[] = [
  'rate-cycle rate-ignore-thinktime',
  'bssplit bsrange blocksize-range blocksize-unaligned bs-unaligned bs-is-seq-rand blockalign ba',
  'do-verify verify-only verify-pattern verify-fatal verify-backlog verify-async verify-interval verify-dump verify-state-save',
  'read-iolog write-iolog replay-redirect replay-no-stall replay-time-scale replay-align replay-scale replay-skip',
  'max-latency',
  'write-hint zonemode zonesize zonerange zonecapacity zoneskip max-open-zones read-beyond-wp',
  'dedupe-percentage dedupe-mode dedupe-working-set-percentage buffer-pattern buffer-compress-chunk scramble-buffers',
  'client server daemonize remote-config idle-prof',
  'thinktime-blocks thinktime-spin thinktime-iotime thinktime-blocks-type io-submit-mode serialize-overlap',
  'rw-sequencer percentage-random random-generator softrandommap allrandrepeat offset-increment offset-align',
  'file-append fill-device filename-format openfiles create-only create-serialize create-on-open create-fsync',
  'mem iomem iomem-align hugepage-size numa-cpu-nodes numa-mem-policy prio prioclass cmdprio-percentage cmdprio-class',
  'sync-file-range write-barrier clocksource gtod-cpu gtod-reduce disable-lat disable-clat disable-slat disable-bw-measurement',
  'unified-rw-reporting exitall flow-id uid gid cgroup cgroup-weight exec-prerun exec-postrun trim-percentage parse-only showcmd',
].flatMap((line) => line.split(' '));

/** Every name that is told, with what is said of it. */
export const otherNames: ReadonlyMap<string, string> = new Map([
  ...CALLED.flatMap(([ours, theirs]) =>
    theirs
      .split(' ')
      .map((name): [string, string] => [name, ours.startsWith('--') ? `here it is ${ours}` : ours]),
  ),
  ...Object.entries(ELSEWHERE),
  ...NOT_YET.map((name): [string, string] => [name, 'fio has it; not yet here']),
]);

/** What is a value or a part of one here, and was typed as an option: `--randread`, `--libaio`, `--sqpoll`, `--json`. */
function asValue(name: string, known: readonly OptionSpec[]): string | undefined {
  for (const { flag, values } of known.filter((option) => ['rw', 'output-format'].includes(option.flag))) {
    for (const [value, others] of Object.entries(values ?? {})) {
      if (value === name || others.includes(name)) return `here it is --${flag}=${value}`;
    }
  }
  const spelt = (word: string) => word.toLowerCase().replaceAll('_', '-');
  const backend = backends.find((each) =>
    [each.name, ...Object.keys(each.aliases)].some((word) => spelt(word) === name),
  );
  if (backend !== undefined) return `here it is --backend ${backend.name}`;
  const having = backends.flatMap((each) =>
    [...each.features.map((feature) => feature.name), ...Object.keys(each.presets)]
      .filter((word) => spelt(word) === name)
      .map((word) => `--backend ${each.name}+${word}`),
  );
  return having.length === 0 ? undefined : `it is a feature of the backend: ${having.join(', or ')}`;
}

/**
 * What is said of an option that there is not here; undefined when nothing is known of it.
 * @param name in the table's spelling
 * @param known the option table
 */
export function ofOtherName(name: string, known: readonly OptionSpec[]): string | undefined {
  return otherNames.get(name) ?? asValue(name, known);
}
