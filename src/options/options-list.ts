/** Options of commands that find stored results. Part of options.ts. */
import type { OptionSpec } from '../values/option-spec.ts';

export const listOptions = [
  {
    flag: 'where',
    kind: 'list',
    group: 'find',
    metavar: 'CONDITION',
    help: "only results with it: bs=4k, 'iodepth>=8', LABEL=VALUE; repeat it for more",
    defaultNote: 'all',
    scope: 'compare',
  },
  {
    flag: 'sort',
    kind: 'text',
    group: 'find',
    metavar: 'KEY',
    help: 'order by it: date, iops, lat_p99, iodepth, ...; -KEY from the greatest',
    default: 'date',
    scope: 'compare',
  },
  {
    flag: 'columns',
    kind: 'list',
    separator: ',',
    group: 'find',
    metavar: 'LIST',
    help: 'what to show of each: facts, options, metrics, labels',
    defaultNote: 'date,host,device,workload,backends,labels,status,file',
    scope: 'compare',
  },
  {
    flag: 'best',
    kind: 'text',
    whenBare: 'iops',
    equalsOnly: true,
    group: 'find',
    metavar: 'METRIC',
    shownAs: '--best[=METRIC]',
    help: 'only the result that is best by a metric (iops), and which backend it is',
    defaultNote: 'all',
    scope: 'compare',
  },
] as const satisfies readonly OptionSpec[];
