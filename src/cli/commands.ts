/** All commands. A new one adds an entry here and its file; what it needs is loaded when it is called. */

import { knownOptions } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import type { CommandSpec } from './program.ts';

/** A run knows every option but those that judge results. */
const RUN_FLAGS: readonly Flag[] = knownOptions
  .filter(({ scope }) => scope !== 'compare')
  .map(({ flag }) => flag);

const RUN_HELP = `Sizes: 4096, 4k, 64m, 1g (powers of 1024). Times: 10 (seconds), 500ms, 20us, 2m, 1h. In every option _ and - mean the same, and --option=value is --option value.

Examples:
  uring-bench
  uring-bench --backend io_uring --iodepth 8
  uring-bench --filename /dev/nvme0n1 --bs 1k --numjobs 72 --runtime 30
  uring-bench --backend sync,io_uring --buffered --pre-read
  uring-bench --job 'rw=write fdatasync=1' --job 'rw=randread iodepth=16'

Exit codes: 0 done, 2 wrong usage, 3 a run failed, 4 no backend that was asked for is available, 129, 130, 131 and 143 stopped by SIGHUP, SIGINT, SIGQUIT and SIGTERM.`;

/** A run's options, but for those of which it makes its own choice, or that other backends know. */
const LADDER_FLAGS: readonly Flag[] = knownOptions
  .filter(({ scope, backends = ['io_uring'] }) => scope !== 'compare' && backends.includes('io_uring'))
  .map(({ flag }) => flag)
  .filter((flag) => flag !== 'backend' && flag !== 'reference');

const LADDER_HELP = `The options are those of a run. A step that this kernel or device lacks stays in the table with its reason, and those above it go without it.

Examples:
  uring-bench ladder
  uring-bench ladder --filename /dev/nvme0n1 --trials 10 --iodepth 32`;

const SWEEP_HELP = `Every option of the I/O takes several values: a list (4k,16k), a range that doubles (1..256) or one with a step (4..32:4). All combinations are run. After a stop, --resume FILE goes on.

Examples:
  uring-bench sweep --backend io_uring --iodepth 1..256
  uring-bench sweep --iodepth 1..64 --bs 512,4k --latency-limit p99:500us
  uring-bench sweep --resume results/2026-01-31T12-00-00Z-sweep-randread.json

Exit codes: as of a run.`;

/** What the article leaves open. */
const ARTICLE_FLAGS: readonly Flag[] = [
  ...(['full', 'filename', 'directory', 'filesize', 'name', 'runtime', 'trials', 'isolation'] as const),
  ...(['until-confident', 'max-trials', 'randseed', 'percentile-list'] as const),
  ...(['output-format', 'output', 'results-dir', 'save', 'quiet', 'color'] as const),
];

const ARTICLE_HELP = `table1 is direct I/O, table2 the page cache (it is checked that nothing is read from the device), table3 one CPU with 1000 reads in flight. Unless --full is given they are scaled to this machine: 9 jobs for each CPU. docs/ARTICLE.md says what is compared with what.

Examples:
  uring-bench article all
  uring-bench article table3 --filename /dev/nvme0n1

Exit codes: as of a run; also 3 when table2's reads were not from the page cache.`;

const COMPARE_HELP = `Trials of several files of one side are pooled. Only equal workloads are compared; what differs between the machines is told. A rule is broken when the change is significant and beyond the limit. docs/CI.md has the metrics, the formats and whole CI jobs.

Examples:
  uring-bench compare before.json after.json
  uring-bench compare 'base/*.json' new.json --fail-on 'iops<-5%,lat_p99>+10%'
  uring-bench compare a.json b.json --output-format md >> "$GITHUB_STEP_SUMMARY"

Exit codes: 0 no regression, 1 a regression, 2 wrong usage or different workloads.`;

const GATE_HELP = `Options of the run stand behind --; --trials is of each round, 5 unless it is given. A suspected regression is run again before it is called one.

Examples:
  uring-bench gate --baseline base.json --update -- --backend io_uring --bs 8k
  uring-bench gate --baseline base.json -- --backend io_uring --bs 8k

Exit codes: 0 no regression, 1 a regression, 2 wrong usage, no baseline or another workload; else as of a run.`;

const DOCTOR_HELP = `Each line says ok, warning or missing, what it means, and the command that mends it; docs/TUNING.md explains each. PATH is a file, a folder, a device, or where a file is going to be; without it the machine alone is looked at. Nothing is written. What it finds is also kept with every run.

Examples:
  uring-bench doctor
  uring-bench doctor /dev/nvme0n1
  uring-bench doctor . --output-format json

Exit codes: 0 whatever it finds, 2 wrong usage.`;

export const commands: readonly CommandSpec[] = [
  {
    name: '',
    summary:
      "Runs one storage workload through Linux's I/O interfaces and says which is faster, by how much, and why. " +
      'Without options it compares all of them on a temporary file in the current directory.',
    flags: RUN_FLAGS,
    after: RUN_HELP,
    action: async (invocation) => (await import('./run.ts')).runCommand(invocation),
  },
  {
    name: 'ladder',
    summary: 'Runs io_uring from basic upwards, adding one feature a step, and says what each step gains.',
    flags: LADDER_FLAGS,
    help: {
      trials: 'repetitions of each step, interleaved (default 5)',
      iodepth: 'I/Os that each job keeps in flight (default 8)',
      runtime: 'time of a trial (default 3s)',
    },
    after: LADDER_HELP,
    action: async (invocation) => (await import('./ladder.ts')).ladderCommand(invocation),
  },
  {
    name: 'show',
    summary: 'Shows stored results again, in any format.',
    flags: ['percentile-list', 'output-format', 'output', 'color', 'metric', 'latency-limit', 'knee-gain'],
    help: {
      'percentile-list': 'latency percentiles to show',
      metric: 'what to show of sweeps and in formats for programs',
    },
    operands: { name: 'FILE', help: 'stored results (results/*.json); - is standard input' },
    action: async (invocation) => (await import('./show.ts')).showCommand(invocation),
  },
  {
    name: 'sweep',
    summary: 'Runs a grid of workloads, shows each row as it finishes, and finds the knee of every curve.',
    flags: [...RUN_FLAGS, 'metric', 'latency-limit', 'knee-gain', 'resume'],
    help: {
      metric: 'columns (default iops,bw,lat_mean,lat_p99,cpu_per_io)',
      runtime: 'time of a trial (default 3s unless something else ends it)',
      trials: 'repetitions of each backend at each point (default 3)',
    },
    after: SWEEP_HELP,
    action: async (invocation) => (await import('./sweep.ts')).sweepCommand(invocation),
  },
  {
    name: 'compare',
    summary: 'Compares stored results: each backend and metric, with what the difference is worth.',
    flags: ['metric', 'fail-on', 'inconclusive', 'output-format', 'output', 'quiet', 'color'],
    help: { 'fail-on': "what is a regression (exit code 1): 'iops<-5%,lat_p99>+10%'" },
    operands: {
      name: 'FILE',
      help: "BASELINE and CANDIDATE: a stored result each, or several: 'base/*.json' in quotes, a.json,b.json",
    },
    after: COMPARE_HELP,
    action: async (invocation) => (await import('./compare.ts')).compareCommand(invocation),
  },
  {
    name: 'gate',
    summary: 'Runs a workload and judges it against a stored result, with more trials where it must.',
    flags: [
      ...(['baseline', 'update', 'max-trials', 'fail-on', 'inconclusive', 'metric'] as const),
      ...(['output-format', 'output', 'results-dir', 'save', 'quiet', 'color'] as const),
    ],
    help: {
      'fail-on': "what is a regression (exit code 1; default iops<-5%): 'iops<-5%,lat_p99>+10%'",
      'max-trials': 'trials of each backend before it says so (default 3 times --trials)',
    },
    operands: { name: 'OPTION', help: 'options of the run, behind --', optional: true },
    passesOn: true,
    after: GATE_HELP,
    action: async (invocation) => (await import('./gate.ts')).gateCommand(invocation),
  },
  {
    name: 'article',
    summary: "Runs the article's experiments and prints its tables beside this machine's.",
    flags: ARTICLE_FLAGS,
    help: {
      isolation: 'what a job is (default process, as in fio; thread in table3)',
      trials: 'repetitions of each backend (default 5)',
      runtime: 'time of a trial (default 3s; 30s with --full)',
      filesize: 'bytes of each file (default: a quarter of what is free, at most 1g in all)',
      name: 'name of the job and of its files (default uring-bench-TABLE)',
      full: "the article's 72 jobs, and trials of 30s",
    },
    operands: { name: 'TABLE', help: 'table1, table2, table3 or all' },
    after: ARTICLE_HELP,
    action: async (invocation) => (await import('./article.ts')).articleCommand(invocation),
  },
  {
    name: 'backends',
    summary: 'Lists the backends and their features, and why any is unavailable here.',
    flags: ['output-format', 'output', 'color'],
    action: async (invocation) => (await import('./backends.ts')).backendsCommand(invocation),
  },
  {
    name: 'doctor',
    summary:
      'Looks at what of this machine, and of a path, would keep a run from working or its figures from being true.',
    flags: ['output-format', 'output', 'color'],
    operands: { name: 'PATH', help: 'file, folder or device that a run would use', optional: true },
    after: DOCTOR_HELP,
    action: async (invocation) => (await import('./doctor.ts')).doctorCommand(invocation),
  },
];
