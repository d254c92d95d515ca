/** In words: where the order of the backends is the article's, and where it is not. */
import type { Difference } from '../../stats/difference.ts';
import { type Measured, type PairOrder, pairOrder, pairOrders } from '../../stats/order.ts';
import { quantile } from '../../stats/spread.ts';
import { formatChange, plural } from '../../values/format.ts';

/** `+12.3%, p=0.008` */
function measuredText({ ratio, p, test }: Difference): string {
  const change = formatChange((ratio - 1) * 100);
  if (test === 'none') return change;
  return `${change}, p${p < 0.001 ? '<0.001' : `=${p.toPrecision(2)}`}`;
}

function pairText({ high, low, published, measured }: PairOrder): string {
  return `${high} over ${low} (${measuredText(measured)}; article ${formatChange((published - 1) * 100)})`;
}

function median({ samples }: Measured): number {
  return quantile(
    samples.map(({ value }) => value),
    0.5,
  );
}

/** Names from the fastest to the slowest; `~` between neighbours that cannot be told apart. */
function measuredOrder(things: readonly Measured[]): string {
  const sorted = [...things].sort((a, b) => median(b) - median(a));
  return sorted
    .map((thing, i) => {
      const before = sorted[i - 1];
      if (before === undefined) return thing.name;
      return `${pairOrder(before, thing).agreement === 'unclear' ? ' ~ ' : ', '}${thing.name}`;
    })
    .join('');
}

/** Trials that every pair lacks before anything could be told; 0 when there are enough. */
function missingTrials(pairs: readonly PairOrder[]): number {
  return Math.max(0, ...pairs.map(({ measured }) => measured.moreTrials));
}

/** Lines about pairs that are in the article's order, those that are not, and those of which it cannot be told. */
export function orderWords(things: readonly Measured[]): string[] {
  const ranked = [...things].sort((a, b) => b.published - a.published).map(({ name }) => name);
  const measured = things.filter(({ samples }) => samples.length > 0);
  const lines = [`Order in the article, fastest first: ${ranked.join(', ')}.`];
  if (measured.length < 2) return [...lines, 'Too few backends ran here to compare the order.'];
  lines.push(`Order here: ${measuredOrder(measured)}.`);
  const pairs = pairOrders(measured);
  const more = missingTrials(pairs);
  if (more > 0) {
    return [...lines, `Whether it agrees cannot be told: it takes ${plural(more, 'more trial')} of each.`];
  }
  const of = (agreement: PairOrder['agreement']) => pairs.filter((pair) => pair.agreement === agreement);
  const [agrees, differs, unclear] = [of('agrees'), of('differs'), of('unclear')];
  const count =
    agrees.length === pairs.length ? `All ${pairs.length}` : `${agrees.length} of ${pairs.length}`;
  lines.push(`${count} pairs are in the article's order${agrees.length === 0 ? '' : ', significantly'}.`);
  if (differs.length > 0) lines.push(`The other way round here: ${differs.map(otherWay).join('; ')}.`);
  if (unclear.length > 0) lines.push(`No significant difference here: ${unclear.map(pairText).join('; ')}.`);
  return lines;
}

/** The measured winner first. */
function otherWay({ high, low, published, measured }: PairOrder): string {
  const turned = { ...measured, ratio: 1 / measured.ratio };
  return `${low} over ${high} (${measuredText(turned)}; article ${formatChange((1 / published - 1) * 100)})`;
}

/** One metric of the two backends of table 3. */
export interface MetricPair {
  name: string;
  better: 'higher' | 'lower';
  linuxAio: Measured;
  ioUring: Measured;
}

/** Of each metric, whether io_uring is the better one here as it is in the article. */
export function metricWords(metrics: readonly MetricPair[]): string[] {
  const measured = metrics.filter(
    ({ linuxAio, ioUring }) => linuxAio.samples.length > 0 && ioUring.samples.length > 0,
  );
  if (measured.length === 0) return ['One of the two did not run here: there is nothing to compare.'];
  const judged = measured.map((metric) => {
    // Latency: less is better. io_uring over linux-aio is what is told in both.
    const { agreement } = pairOrder(metric.linuxAio, metric.ioUring);
    const { measured: change } = pairOrder(
      { ...metric.ioUring, published: 1 },
      { ...metric.linuxAio, published: 0 },
    );
    const theirs = metric.ioUring.published / metric.linuxAio.published;
    const text = `${metric.name} (${measuredText(change)}; article ${formatChange((theirs - 1) * 100)})`;
    return { agreement, change, text };
  });
  const more = Math.max(0, ...judged.map(({ change }) => change.moreTrials));
  const lead = 'io_uring against linux-aio';
  if (more > 0) {
    return [
      `${lead}: ${judged.map(({ text }) => text).join('; ')}.`,
      `Whether it agrees with the article cannot be told: it takes ${plural(more, 'more trial')} of each.`,
    ];
  }
  const list = (agreement: PairOrder['agreement']) =>
    judged.filter((one) => one.agreement === agreement).map(({ text }) => text);
  const [agrees, differs, unclear] = [list('agrees'), list('differs'), list('unclear')];
  return [
    ...(agrees.length > 0 ? [`${lead}, better here as in the article: ${agrees.join('; ')}.`] : []),
    ...(differs.length > 0 ? [`${lead}, worse here, better in the article: ${differs.join('; ')}.`] : []),
    ...(unclear.length > 0 ? [`${lead}, no significant difference here: ${unclear.join('; ')}.`] : []),
  ];
}
