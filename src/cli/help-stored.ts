/** What stands behind the options in the help of commands that read stored results. */

export const LS_HELP = `Keys of --where, --sort and --columns: date, host, kernel, cpu, device, serial, file-system, workload, name, backend, status, version, note, file; any option of a run (bs, iodepth); a metric (iops, bw, lat_p99, cpu_per_io), of which the best backend counts; else a label. What cannot be read is told in a line each.

Examples:
  uring-bench ls
  uring-bench ls --where bs=4k --where 'iodepth>=8' --sort -iops
  uring-bench ls 'results/2026-11-*' lab/ --where disk=new
  uring-bench ls --sort lat_p99 --columns date,backend,lat_p99,file

Exit codes: 0 also when nothing is found, 2 wrong usage.`;

export const HISTORY_HELP = `Each workload with each backend is a series, in the order of time; hosts that take turns have one each. Beside a run stands what of its environment is not as in the run before: kernel, firmware, versions, host. A change is where the level is another one, not a single run: docs/STATISTICS.md says how it is found, and how sure it is.

Examples:
  uring-bench history results/
  uring-bench history 'ci/**/*.json' --metric iops,lat_p99 --where branch=main
  uring-bench history results/ --output-format csv

Exit codes: 0 whatever is found, 2 wrong usage.`;

export const REPORT_HELP = `Of one run or sweep the page says all there is. Of several it is an index by workload: each over time, with its changes of level and of the machine, and beside other machines and kernels. docs/REPORT.md has pictures.

Examples:
  uring-bench report results/2026-11-22T10-31-00Z-randread.json -o report.html
  uring-bench report 'results/*4k*' lab/ -o report.html

Exit codes: 0 done, 2 wrong usage.`;

export const COMPARE_HELP = `Trials of several files of one side are pooled. Of more than two sides each is compared with the first, in one table. Only equal workloads are compared; what differs between the machines is told. A rule is broken when the change is significant and beyond the limit. Without --fail-on the gate's rules are judged and told, and the exit code is 0. docs/CI.md has the metrics, the formats and whole CI jobs.

Examples:
  uring-bench compare before.json after.json
  uring-bench compare 'base/*.json' new.json --fail-on 'iops<-5%,lat_p99>+10%'
  uring-bench compare kernel-6.1/ kernel-6.6/ kernel-6.12/
  uring-bench compare a.json b.json --output-format md >> "$GITHUB_STEP_SUMMARY"

Exit codes: 0 no regression, 1 a regression, 2 wrong usage or different workloads, 5 undecided (--inconclusive says otherwise).`;
