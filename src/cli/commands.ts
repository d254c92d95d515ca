/** All commands. A new one adds an entry here and its file; what it needs is loaded when it is called. */

import { knownOptions } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { OWN_FLAGS } from './article-flags.ts';
import { EVALUATE_FLAGS, EVALUATE_HELP } from './help-evaluate.ts';
import { COMPARE_HELP, HISTORY_HELP, LS_HELP, REPORT_HELP } from './help-stored.ts';
import { CLEAN_HELP, DOCTOR_HELP, ECHO_HELP, EXPLAIN_HELP } from './help-tools.ts';
import type { CommandSpec } from './program.ts';

/** A run knows every option but those that judge results. */
const RUN_FLAGS: readonly Flag[] = knownOptions
  .filter(({ scope }) => scope !== 'compare')
  .map(({ flag }) => flag);

const UNITS = `Sizes: 4096, 4k, 64m, 1g (powers of 1024). Times: 10 (seconds), 500ms, 20us, 2m, 1h. In every option _ and - mean the same, and --option=value is --option value.`;

const RUN_EXAMPLES = `Examples:
  uring-bench
  uring-bench --backend io_uring --iodepth 8
  uring-bench --filename /dev/nvme0n1 --bs 1k --numjobs 72 --runtime 30
  uring-bench --job 'rw=write fdatasync=1' --job 'rw=randread iodepth=16'

Exit codes: 0 done, 1 a regression, 2 wrong usage, 3 a run failed, 4 unavailable here, 5 undecided, 129, 130, 131 and 143 stopped by a signal.`;

/** A page has fifty lines: of the examples those that say most, and the exit codes in one line. */
const PAGE_EXAMPLES = `Examples:
  uring-bench
  uring-bench --filename /dev/nvme0n1 --bs 1k --numjobs 72 --runtime 30
  uring-bench --job 'rw=write fdatasync=1' --job 'rw=randread iodepth=16'

Exit codes: 0 done, 1 regression, 2 usage, 3 failed, 4 unavailable, 5 undecided.`;

const RUN_MORE = 'More: --help --all has every option, and COMMAND --help, help OPTION explain.';

/** What names stored results, of every command that takes such. */
const STORED = "files, folders, patterns in quotes ('results/*4k*'), or several with commas";

/** A run's options, but for those of which it makes its own choice, or that other backends know. */
const LADDER_FLAGS: readonly Flag[] = knownOptions
  .filter(({ scope, backends = ['io_uring'] }) => scope !== 'compare' && backends.includes('io_uring'))
  .map(({ flag }) => flag)
  .filter((flag) => !['backend', 'reference', 'advise', 'latency-target'].includes(flag));

const LADDER_HELP = `A step that this kernel or device lacks stays in the table with its reason, and those above it go without it.

Examples:
  uring-bench ladder
  uring-bench ladder --filename /dev/nvme0n1 --trials 10 --iodepth 32`;

const SWEEP_OWN: readonly Flag[] = ['metric', 'latency-limit', 'knee-gain', 'resume'];

const SWEEP_HELP = `Every option of the I/O takes several values: a list (4k,16k), a range that doubles (1..256) or one with a step (4..32:4). All combinations are run. After a stop, --resume FILE goes on.

Examples:
  uring-bench sweep --backend io_uring --iodepth 1..256
  uring-bench sweep --iodepth 1..64 --bs 512,4k --latency-limit p99:500us
  uring-bench sweep --resume results/2026-01-31T12-00-00Z-sweep-randread.json

Exit codes: as of a run.`;

/** What a run and echo have in common, and what echo alone knows. */
const ECHO_FLAGS: readonly Flag[] = [
  ...(['transport', 'connections', 'bs', 'pipeline', 'request-rate', 'verify', 'backend', 'trials'] as const),
  ...(['runtime', 'ramp-time', 'cpus-allowed', 'client-cpus', 'listen', 'connect', 'randseed'] as const),
  ...(['percentile-list', 'output-format', 'output', 'report', 'quiet', 'color'] as const),
];

/** Where reports and results go: all of those, but for what only a report of single runs has. */
const OUTPUT_FLAGS: readonly Flag[] = knownOptions
  .filter(({ scope, flag }) => scope === 'output' && flag !== 'advise' && flag !== 'plot')
  .map(({ flag }) => flag);

/** What the article leaves open. */
const ARTICLE_FLAGS: readonly Flag[] = [
  ...(['directory', 'name', 'runtime', 'trials', 'isolation'] as const),
  ...(['until-confident', 'max-trials', 'randseed', 'percentile-list'] as const),
  ...OWN_FLAGS,
  ...OUTPUT_FLAGS,
];

const ARTICLE_HELP = `table1 is direct I/O, table2 the page cache (it is checked that nothing is read from the device), table3 one CPU with 1000 reads in flight. Unless --full is given they are scaled to this machine: 9 jobs for each CPU. docs/ARTICLE.md says what is compared with what.

metadata is what the article names beside reads: files are made, looked at, opened, renamed and removed by plain calls and through a ring, one table for all (docs/OPERATIONS.md). --backend, --iodepth, --numjobs, --nrfiles, --dirs, --depth and --shared-dir change it.

durability is what databases ask: commits by fdatasync, O_DSYNC and RWF_DSYNC, alone and in groups, and pages that must not be torn (docs/OPERATIONS.md). --backend, --iodepth, --numjobs, --size, --bs, --direct and --filename change it.

cache is a file that is larger than the memory it may use, read through the page cache (sync), with RWF_DONTCACHE (sync+uncached), by page faults (mmap) and past the cache (direct): one table (docs/ARTICLE.md). Its jobs are in a control group with --memory bytes, which takes root, or a delegated group.

Examples:
  uring-bench article all
  uring-bench article table3 --filename /dev/nvme0n1
  uring-bench article durability --directory /mnt/nvme

Exit codes: as of a run; also 3 when table2's reads were not from the page cache.`;

const GATE_HELP = `Options of the run stand behind --; --trials is of each round, 5 unless it is given. A suspected regression is run again before it is called one, and so is a trial that something disturbed. --update adds the run to the baseline: several, made at different times, show what runs differ by without a change.

Examples:
  uring-bench gate --baseline base.json --update -- --backend io_uring --bs 8k
  uring-bench gate --baseline base.json -- --backend io_uring --bs 8k
  uring-bench gate --ab old/uring-bench uring-bench -- --backend sync

Exit codes: 0 no regression, 1 a regression, 2 wrong usage, no baseline or another workload, 5 undecided (--inconclusive says otherwise); else as of a run.`;

const EXPLAIN_OUTPUT: readonly Flag[] = [
  ...(['explain-stacks', 'output-format', 'output', 'results-dir', 'save', 'quiet', 'color'] as const),
];

export const commands: readonly CommandSpec[] = [
  {
    name: '',
    summary:
      "Runs one storage workload through Linux's I/O interfaces and says which is faster, by how much, and why. " +
      'Without options it compares all of them on a temporary file in the current directory.',
    flags: RUN_FLAGS,
    after: `${UNITS}\n\n${RUN_EXAMPLES}`,
    afterPage: `${RUN_MORE}\n\n${PAGE_EXAMPLES}`,
    action: async (invocation) => (await import('./run.ts')).runCommand(invocation),
  },
  {
    name: 'ladder',
    brief: 'what each feature of io_uring gains, step by step',
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
    brief: 'stored results again, in any format',
    anywhere: true,
    summary: 'Shows stored results again, in any format.',
    flags: [
      ...([
        'best',
        'percentile-list',
        'advise',
        'plot',
        'output-format',
        'output',
        'report',
        'color',
      ] as const),
      ...(['metric', 'latency-limit', 'knee-gain'] as const),
    ],
    help: {
      'percentile-list': 'latency percentiles to show',
      metric: 'what to show of sweeps and in formats for programs',
    },
    operands: { name: 'RESULTS', help: `${STORED}; - is standard input` },
    action: async (invocation) => (await import('./show.ts')).showCommand(invocation),
  },
  {
    name: 'report',
    brief: 'one HTML page of stored results, to be handed on',
    anywhere: true,
    summary:
      'Makes one HTML page of stored results that needs no network: charts, their numbers, everything else.',
    flags: ['percentile-list', 'advise', 'output', 'report', 'color', 'latency-limit', 'knee-gain'],
    help: { output: 'file for the page', 'percentile-list': 'latency percentiles in tables' },
    operands: { name: 'RESULTS', help: `${STORED}; - is standard input` },
    after: REPORT_HELP,
    action: async (invocation) => (await import('./report.ts')).reportCommand(invocation),
  },
  {
    name: 'ls',
    brief: 'stored results in a list: those wanted, in any order',
    anywhere: true,
    summary: 'Lists stored results: when, where, what, how fast; those that are wanted, in any order.',
    flags: ['where', 'sort', 'columns', 'output-format', 'output', 'report', 'quiet', 'color'],
    operands: { name: 'RESULTS', help: `${STORED} (default: the folder results)`, optional: true },
    after: LS_HELP,
    action: async (invocation) => (await import('./ls.ts')).lsCommand(invocation),
  },
  {
    name: 'history',
    brief: 'stored results over time, and where they changed',
    anywhere: true,
    summary: 'Shows the same workload over time, and the runs at which its level changed.',
    flags: ['metric', 'where', 'output-format', 'output', 'report', 'quiet', 'color'],
    help: { metric: 'what is looked at: iops, bw, lat_p50, lat_p99, lat_p99.9, cpu_per_io (default iops)' },
    operands: { name: 'RESULTS', help: `${STORED} (default: the folder results)`, optional: true },
    after: HISTORY_HELP,
    action: async (invocation) => (await import('./history.ts')).historyCommand(invocation),
  },
  {
    name: 'sweep',
    brief: 'a grid of workloads, and the knee of every curve',
    summary: 'Runs a grid of workloads, shows each row as it finishes, and finds the knee of every curve.',
    flags: [
      ...RUN_FLAGS.filter((flag) => !['advise', 'plot', 'latency-target'].includes(flag)),
      ...SWEEP_OWN,
    ],
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
    brief: 'stored results against each other, and how sure it is',
    anywhere: true,
    summary: 'Compares stored results: each backend and metric, with what the difference is worth.',
    flags: [
      'metric',
      'fail-on',
      'inconclusive',
      'disturbed',
      'annotate',
      'output-format',
      'output',
      'report',
      'quiet',
      'color',
    ],
    help: { 'fail-on': "what is a regression (exit code 1): 'iops<-5%,lat_p99>+10%'" },
    operands: {
      name: 'RESULTS',
      help: `BASELINE and CANDIDATE, or more than one of those; each is one or several results: ${STORED}`,
    },
    after: COMPARE_HELP,
    action: async (invocation) => (await import('./compare.ts')).compareCommand(invocation),
  },
  {
    name: 'gate',
    brief: 'a run judged against stored ones: fails if it is worse',
    summary: 'Runs a workload and judges it against stored runs, with more trials where it must.',
    flags: [
      ...([
        'baseline',
        'update',
        'baseline-runs',
        'ab',
        'max-trials',
        'fail-on',
        'inconclusive',
        'disturbed',
        'annotate',
      ] as const),
      'metric',
      ...OUTPUT_FLAGS,
    ],
    help: {
      'fail-on': 'what is a regression (exit code 1; default cpu_per_io>+3%,lat_p50>+3%,iops<-5%)',
      'max-trials': 'trials of each backend before it says so (default 3 times --trials)',
    },
    operands: { name: 'OPTION', help: 'options of the run, behind --', optional: true },
    passesOn: 'options of the run stand',
    after: GATE_HELP,
    action: async (invocation) => (await import('./gate.ts')).gateCommand(invocation),
  },
  {
    name: 'article',
    brief: "the article's experiments, and its tables beside ours",
    summary: "Runs the article's experiments and prints its tables beside this machine's.",
    flags: ARTICLE_FLAGS,
    help: {
      isolation: 'what a job is (default process, as in fio; thread in table3)',
      trials: 'repetitions of each backend (default 5)',
      runtime: 'time of a trial (default 3s; 30s with --full)',
      backend: 'of metadata and durability: what is compared',
      iodepth: 'operations in flight (default 8 of metadata, 1 of durability)',
      nrfiles: 'of metadata: files of each job (default 10000)',
      numjobs: 'of metadata and durability: jobs at the same time (default 1)',
      size: 'of durability: of the log and of what has the pages (default 256m); of cache: of its file (4 x memory)',
      memory: 'of cache: what its jobs may use, page cache included (default 128m)',
      bs: 'of durability: of a record of the log (default 4k); pages have 16k',
      filesize: 'bytes of each file (default: a quarter of what is free, at most 1g in all)',
      name: 'name of the job and of its files (default uring-bench-TABLE)',
      full: "the article's 72 jobs, and trials of 30s",
    },
    operands: { name: 'TABLE', help: 'table1, table2, table3 or all; metadata; durability; cache' },
    after: ARTICLE_HELP,
    action: async (invocation) => (await import('./article.ts')).articleCommand(invocation),
  },
  {
    name: 'evaluate',
    brief: 'what a drive can do: quick, or by the flow of SNIA',
    summary: 'Measures what a drive, partition, file or folder can do, in one report.',
    flags: EVALUATE_FLAGS,
    help: {
      backend: 'the one that is used (default io_uring)',
      'destroy-device': 'everything on this device may be overwritten',
      resume: 'go on with one that was stopped',
    },
    operands: {
      name: 'TARGET',
      help: 'device, file with data, or folder',
      optional: true,
    },
    after: EVALUATE_HELP,
    action: async (invocation) => (await import('./evaluate.ts')).evaluateCommand(invocation),
  },
  {
    name: 'echo',
    brief: 'requests over sockets, by threads, epoll and io_uring',
    summary: 'Runs echo servers of several models against one client, and says what a request costs each.',
    flags: ECHO_FLAGS,
    help: {
      backend: 'servers to compare (default all but epoll+edge)',
      bs: 'bytes of a request and of its answer, 64 to 64k (default 512)',
      trials: 'repetitions of each backend, in blocks of shuffled order (default 5)',
      runtime: 'time of a trial (default 1s)',
      'ramp-time': 'run that long before measuring (default 200ms)',
      'cpus-allowed': 'CPUs that the server may run on (default one)',
      randseed: 'seed of the order of trials',
    },
    after: ECHO_HELP,
    action: async (invocation) => (await import('./echo.ts')).echoCommand(invocation),
  },
  {
    name: 'explain',
    brief: "where the time of any program's I/O goes",
    summary: 'Runs a command and says where the time of its I/O went, as --explain does of a run.',
    flags: ['explain', ...EXPLAIN_OUTPUT],
    help: {
      explain: 'how: trace (default), full, or basic, which needs no rights',
      output: 'file for the report',
    },
    operands: { name: 'COMMAND', help: 'the command and its arguments, behind --' },
    passesOn: 'the command stands',
    after: EXPLAIN_HELP,
    action: async (invocation) => (await import('./explain.ts')).explainCommand(invocation),
  },
  {
    name: 'backends',
    brief: 'interfaces and features, and why any is missing here',
    summary: 'Lists the backends and their features, and why any is unavailable here.',
    flags: ['output-format', 'output', 'report', 'color'],
    action: async (invocation) => (await import('./backends.ts')).backendsCommand(invocation),
  },
  {
    name: 'doctor',
    brief: 'what of this machine, or of a path, would spoil a run',
    summary:
      'Looks at what of this machine, and of a path, would keep a run from working or its figures from being true.',
    flags: ['output-format', 'output', 'report', 'color'],
    operands: { name: 'PATH', help: 'file, folder or device that a run would use', optional: true },
    after: DOCTOR_HELP,
    action: async (invocation) => (await import('./doctor.ts')).doctorCommand(invocation),
  },
  {
    name: 'clean',
    brief: 'remove the files that killed runs left',
    summary: 'Removes the files that killed runs left in a folder.',
    flags: ['dry-run', 'results-dir'],
    help: {
      'dry-run': 'say what would be removed, and remove nothing',
      'results-dir': 'name of the results folder in each DIR (default results)',
    },
    operands: {
      name: 'DIR',
      help: 'folders in which runs made files (default: the current one)',
      optional: true,
    },
    after: CLEAN_HELP,
    action: async (invocation) => (await import('./clean.ts')).cleanCommand(invocation),
  },
];
