/** The first words of a report: who won, by how much, what it costs, and what must not be concluded. */
import type { RunResult } from '../../results/schema.ts';
import { ratedStanding } from '../../stats/rated.ts';
import { cheapestOf, isSameDepth, type Placed, type Standing, standingOf } from '../../stats/standing.ts';
import { formatChange, formatIops, formatLatency, formatUsec, joined } from '../../values/format.ts';
import { printable } from './text.ts';
import { ratedSentences } from './verdict-rated.ts';
import { inWordsOf } from './words.ts';

/** A ratio from here on is said as "2.4 x". */
const TIMES = 2;
/** Backends that differ less in CPU time an I/O than this cost the same to most people. */
const SAME_COST = 0.03;

function names(all: readonly Placed[]): string {
  return joined(all.map(({ label }) => label));
}

/** "5.1 %", or "7.1 x" of what is many times as much. */
function moreThan(ratio: number): string {
  return ratio >= TIMES
    ? `${ratio.toFixed(1)} x`
    : `${formatChange((ratio - 1) * 100).replace(/%$/, ' %')} over`;
}

/** How far ahead the leader is of one that is behind: "+5.1 % over io_uring", "7.1 x sync". */
function lead({ iops }: Placed, other: Placed): string {
  return `${moreThan(iops / other.iops)} ${other.label}`;
}

/** How sure that is: " (95 % interval +4.9% to +5.3%)"; nothing where it has no bound, or of many times as much. */
function sureness({ behind }: Placed): string {
  const { low = null, high = null } = behind ?? {};
  if (low === null || high === null || low <= 0 || 1 / high >= TIMES) return '';
  const pct = (ratio: number) => formatChange((1 / ratio - 1) * 100);
  return ` (95 % interval ${pct(high)} to ${pct(low)})`;
}

function who({ leader, tied, unknown, behind }: Standing): string {
  const rate = `${formatIops(leader.iops)} IOPS`;
  const [next] = behind;
  const last = behind.at(-1);
  const ahead = [
    ...(next ? [`${lead(leader, next)}${sureness(next)}`] : []),
    ...(last && last !== next ? [lead(leader, last)] : []),
  ];
  const far = ahead.length > 0 ? `, ${ahead.join(' and ')}` : '';
  if (unknown.length > 0) {
    const few = `there are too few trials to tell it from ${names([...tied, ...unknown])}`;
    return `${leader.label} had most IOPS (${formatIops(leader.iops)})${far}, but ${few} (--trials)`;
  }
  if (tied.length === 0) return `${leader.label} is fastest: ${rate}${far}`;
  const all = names([leader, ...tied]);
  if (behind.length === 0) return `No difference in IOPS is seen between ${all}: ${rate}`;
  return `${all} are fastest, with no difference seen between them: ${rate}${far}`;
}

/** Who takes least CPU, when that is not the same for all. */
function cost({ leader, tied, unknown, behind }: Standing): string | null {
  const all = [leader, ...tied, ...unknown, ...behind];
  const least = cheapestOf(all);
  if (least === undefined) return null;
  const each = (one: Placed): string =>
    `${formatUsec(one.cpuNsPerIo)} usec of CPU an I/O (${formatIops(one.iopsPerCpu)} IOPS a core)`;
  const most = all.reduce((a, b) => (b.cpuNsPerIo > a.cpuNsPerIo ? b : a));
  const spread = most.cpuNsPerIo / least.cpuNsPerIo;
  if (spread < 1 + SAME_COST) return `all take about ${each(least)}`;
  const dearest = `${most.label} takes ${spread >= TIMES ? `${spread.toFixed(1)} x as much` : formatUsec(most.cpuNsPerIo)}`;
  const rest = most === leader ? '' : `; ${dearest}`;
  // Of several that are fastest, which of them must be said.
  const it = tied.length + unknown.length === 0 ? 'it' : leader.label;
  if (least === leader) return `${it} also takes least CPU: ${each(leader)}${rest}`;
  if (leader.cpuNsPerIo < least.cpuNsPerIo * (1 + SAME_COST)) {
    return `${it} takes as little CPU as any: ${each(leader)}${rest}`;
  }
  return `${least.label} takes least CPU: ${each(least)}; ${leader.label} ${formatUsec(leader.cpuNsPerIo)}${rest}`;
}

/** "1 I/O", "7.9 I/Os", "64 I/Os" */
function inFlight({ depth }: Placed): string {
  const shown = Number(depth.toFixed(depth < 10 ? 1 : 0));
  return `${shown} ${shown === 1 ? 'I/O' : 'I/Os'}`;
}

/** What the latencies of one with fewer I/Os in flight do not say. */
function notToConclude({ leader, tied, unknown, behind }: Standing): string | null {
  const others = [...tied, ...unknown, ...behind];
  const shallow = others.filter((one) => one.depth < leader.depth && !isSameDepth(one.depth, leader.depth));
  if (shallow.length === 0) return null;
  const [first] = shallow as [Placed];
  return (
    `latencies of ${names(shallow)} are those of ${inFlight(first)} in flight, not ` +
    `${inFlight(leader)}: lower ones there are no merit`
  );
}

/** A sentence; a label that it begins with stays as it is typed. */
function sentence(text: string): string {
  return /^(it|all|none|no|latencies|where|this|p99) /.test(text)
    ? `${text[0]?.toUpperCase()}${text.slice(1)}.`
    : `${text}.`;
}

function alone({ leader }: Standing): string {
  const { iops, medianNs, cpuNsPerIo, iopsPerCpu, label } = leader;
  return `${label}: ${formatIops(iops)} IOPS, median latency ${formatLatency(medianNs)}, ${formatUsec(cpuNsPerIo)} usec of CPU an I/O (${formatIops(iopsPerCpu)} IOPS a core)`;
}

/**
 * One to three sentences without a line break; null where a report has words of its own (an article, a ladder) or nothing was
 * measured.
 */
export function verdictText(result: RunResult): string | null {
  if (result.report !== undefined) return null;
  const standing = standingOf(result);
  if (standing === null) return null;
  if (result.validity?.verdict === 'unsound') return 'none: the run is unsound, see validity';
  const paced = ratedStanding(result);
  const others = [standing.tied, standing.unknown, standing.behind].some((some) => some.length > 0);
  const one = paced === null ? [alone(standing)] : ratedSentences(paced);
  const all = paced === null ? [who(standing)] : ratedSentences(paced);
  const sentences = others ? [...all, cost(standing), paced === null ? notToConclude(standing) : null] : one;
  const said = sentences.flatMap((text) => (text === null ? [] : [sentence(text)])).join(' ');
  return printable(inWordsOf(result, said));
}

/** Whether io_uring is what a label means. */
function isIoUring(label: string): boolean {
  return label.startsWith('io_uring');
}

/** What a person who chooses an interface is told (--advise); null when the run cannot say. */
export function adviceText(result: RunResult): string | null {
  if (result.report !== undefined) return null;
  const standing = standingOf(result);
  if (standing === null || result.validity?.verdict === 'unsound') return null;
  if (ratedStanding(result) !== null)
    return 'none: the rate set the IOPS; without it a run says which can do most.';
  const { leader, tied, unknown, behind } = standing;
  if (unknown.length > 0) {
    return `none yet: more trials are needed to tell ${names([leader, ...tied, ...unknown])} apart.`;
  }
  if (tied.length + behind.length === 0)
    return 'none: only one interface was measured (leave out --backend).';
  const best = cheapestOf([leader, ...tied]) ?? leader;
  const why =
    tied.length === 0
      ? `it does most I/Os, ${lead(leader, behind[0] as Placed)}`
      : `it is as fast as ${names([leader, ...tied].filter((one) => one !== best))} and takes least CPU of them`;
  const elsewhere = isIoUring(best.label)
    ? [...tied, ...behind, leader].filter((one) => !isIoUring(one.label)).sort((a, b) => b.iops - a.iops)[0]
    : undefined;
  const sentences = [
    `use ${best.label}: ${why}`,
    ...(elsewhere === undefined
      ? []
      : [
          `where io_uring is refused (containers, docs/CONTAINERS.md) use ${elsewhere.label}: ` +
            `${formatChange((elsewhere.iops / best.iops - 1) * 100)} IOPS, ${(elsewhere.cpuNsPerIo / best.cpuNsPerIo).toFixed(1)} x the CPU an I/O`,
        ]),
    'this holds for this device and this workload: `uring-bench sweep` shows where it turns',
  ];
  return printable(inWordsOf(result, sentences.map(sentence).join(' ')));
}
