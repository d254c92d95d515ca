/** Options of what a trial tells of itself as it goes on. Part of options.ts. */
import type { OptionSpec } from '../values/option-spec.ts';

export const seriesOptions = [
  {
    flag: 'steady-state',
    kind: 'steady',
    group: 'length',
    metavar: 'RULE',
    help: 'end a trial once it is: iops:10%/5x60s, bw or lat, :SLOPE% behind range',
    defaultNote: 'none: a trial lasts its runtime',
    scope: 'run',
  },
  {
    flag: 'interval',
    kind: 'time',
    max: 86_400_000_000_000,
    group: 'report',
    help: 'of the series that each trial stores; 0: none',
    defaultNote: '1s, 100ms of trials below 10s; sweeps: none',
    scope: 'run',
  },
] as const satisfies readonly OptionSpec[];
