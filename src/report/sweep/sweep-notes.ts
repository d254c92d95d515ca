/** What to know beside the rows of a sweep: the notes of all its points, each matter once. */
import { pointText } from '../../options/sweep-grid.ts';
import type { SweepPoint, SweepResult } from '../../results/sweep-schema.ts';
import { sweepSuspicions } from '../../stats/suspicions.ts';
import { plural } from '../../values/format.ts';
import { printable } from '../text/text.ts';
import { mattersOf, noteLine } from '../text/warnings.ts';

interface Matter {
  /** As it was first told. */
  line: string;
  first: SweepPoint;
  points: Set<SweepPoint>;
  /** How often it was told. */
  times: number;
}

/** Whether it is all there, and how it ended. */
export function statusLine(sweep: SweepResult): string | null {
  const planned = sweep.grid.dimensions.reduce((product, { values }) => product * values.length, 1);
  const done = sweep.points.filter(({ result }) => result.status === 'complete').length;
  if (done === planned) return null;
  const resume = sweep.status === 'failed' ? 'tries the others again' : 'goes on';
  return `${sweep.status}: ${done} of ${plural(planned, 'point')} are complete (sweep --resume FILE ${resume})`;
}

/** Lines for people. */
export function sweepNotes(sweep: SweepResult): string[] {
  const matters = new Map<string, Matter>();
  for (const point of sweep.points) {
    for (const { key, line } of mattersOf(point.result)) {
      const matter = matters.get(key) ?? { line, first: point, points: new Set(), times: 0 };
      matter.points.add(point);
      matter.times++;
      matters.set(key, matter);
    }
  }
  const whole = sweepSuspicions(sweep.points).map(({ message, see }) =>
    printable(noteLine({ level: 'warning', subject: null, text: `${message} (${see})` })),
  );
  const each = [...matters.values()].map(({ line, first, points, times }) => {
    const where =
      points.size === sweep.points.length ? 'at every point' : `at ${plural(points.size, 'point')}`;
    const like = times > 1 ? `; ${times} of the kind, ${where}` : '';
    return printable(`${line} (at ${pointText(first.values)}${like})`);
  });
  return [...each, ...whole];
}
