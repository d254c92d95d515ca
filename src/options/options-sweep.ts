/** Options of sweeps and of the article's experiments. Part of options.ts. */
import type { OptionSpec } from '../values/option-spec.ts';

export const sweepOptions = [
  {
    flag: 'latency-limit',
    kind: 'text',
    group: 'sweep',
    metavar: 'WHAT:TIME',
    help: 'knee: the most IOPS with this latency or less, like p99:500us',
    defaultNote: 'none: the knee is where IOPS stop to grow',
    scope: 'compare',
  },
  {
    flag: 'knee-gain',
    kind: 'count',
    min: 1,
    max: 100,
    group: 'sweep',
    metavar: 'PERCENT',
    help: 'knee without a limit: after it IOPS grow by less per doubling',
    default: '10',
    scope: 'compare',
  },
  {
    flag: 'resume',
    kind: 'text',
    group: 'sweep',
    metavar: 'FILE',
    help: 'go on with a sweep that was stopped, where it was',
    defaultNote: 'a new sweep',
    scope: 'compare',
  },
  {
    flag: 'full',
    kind: 'bool',
    group: 'sweep',
    help: "article: the article's own number of jobs and length of a trial",
    default: '0',
    scope: 'compare',
  },
  {
    flag: 'memory',
    kind: 'size',
    min: 16 * 2 ** 20,
    group: 'sweep',
    help: 'article cache: memory of the control group that its jobs are in',
    defaultNote: '128m',
    scope: 'compare',
  },
] as const satisfies readonly OptionSpec[];
