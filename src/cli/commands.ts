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
