/** What `evaluate --help` says. */
import type { Flag } from '../options/options.ts';

/** The profile makes the workloads: an evaluation leaves little open. */
export const EVALUATE_FLAGS: readonly Flag[] = [
  ...(['profile', 'read-only', 'yes', 'scale', 'round-time', 'max-rounds', 'map', 'purge'] as const),
  ...(['destroy-device', 'resume', 'backend'] as const),
  ...(['output-format', 'output', 'report', 'results-dir', 'save', 'quiet'] as const),
];

export const EVALUATE_HELP = `quick: 4 minutes; mixed: a latency map; snia-*: SNIA's PTS 2.0.2, hours. It says first what it writes and how long it takes. docs/EVALUATE.md.

Examples:
  uring-bench evaluate .
  uring-bench evaluate /dev/nvme0n1 --destroy-device /dev/nvme0n1

Exit codes: as of a run.`;
