/** All commands. A new one adds an entry here and its file; what it needs is loaded when it is called. */

import { knownOptions } from '../jobs/option-reader.ts';
import type { Flag } from '../jobs/options.ts';
import type { CommandSpec } from './program.ts';

const EVERY_FLAG: readonly Flag[] = knownOptions.map(({ flag }) => flag);

const RUN_HELP = `Sizes: 4096, 4k, 64m, 1g (powers of 1024). Times: 10 (seconds), 500ms, 20us, 2m, 1h. In every option _ and - mean the same, and --option=value is --option value.

Examples:
  uring-bench
  uring-bench --backend io_uring --iodepth 8
  uring-bench --filename /dev/nvme0n1 --bs 1k --numjobs 72 --runtime 30
  uring-bench --backend sync,io_uring --buffered --pre-read

Exit codes: 0 done, 2 wrong usage, 3 a run failed, 4 no backend that was asked for is available, 130 and 143 stopped by SIGINT and SIGTERM.`;

/** A run's options, but for those of which it makes its own choice, or that other backends know. */
const LADDER_FLAGS = knownOptions
  .filter(({ backends = ['io_uring'] }) => backends.includes('io_uring'))
  .map(({ flag }) => flag)
  .filter((flag) => flag !== 'backend' && flag !== 'reference');

const LADDER_HELP = `The options are those of a run. A step that this kernel or device lacks stays in the table with its reason, and those above it go without it.

Examples:
  uring-bench ladder
  uring-bench ladder --filename /dev/nvme0n1 --trials 10 --iodepth 32`;

export const commands: readonly CommandSpec[] = [
  {
    name: '',
    summary:
      "Runs one storage workload through Linux's I/O interfaces and says which is faster, by how much, and why. " +
      'Without options it compares all of them on a temporary file in the current directory.',
    flags: EVERY_FLAG,
    after: RUN_HELP,
    action: async (invocation) => (await import('./run.ts')).runCommand(invocation),
  },
  {
    name: 'ladder',
    summary: 'Runs io_uring from basic upwards, adding one feature a step, and says what each step gains.',
    flags: LADDER_FLAGS,
    help: {
      trials: 'repetitions of each step, interleaved (default 3)',
      iodepth: 'I/Os that each job keeps in flight (default 8)',
      runtime: 'time of a trial (default 3s)',
    },
    after: LADDER_HELP,
    action: async (invocation) => (await import('./ladder.ts')).ladderCommand(invocation),
  },
  {
    name: 'show',
    summary: 'Shows stored results again, in any format.',
    flags: ['percentile-list', 'output-format', 'output', 'color'],
    help: { 'percentile-list': 'latency percentiles to show' },
    operands: { name: 'FILE', help: 'stored results (results/*.json); - is standard input' },
    action: async (invocation) => (await import('./show.ts')).showCommand(invocation),
  },
  {
    name: 'backends',
    summary: 'Lists the backends and their features, and why any is unavailable here.',
    flags: ['output-format', 'output', 'color'],
    action: async (invocation) => (await import('./backends.ts')).backendsCommand(invocation),
  },
];
