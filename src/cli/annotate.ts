/** --annotate: what a comparison found, where a CI server shows it beside the change. */
import type { Check, Comparison } from '../compare/schema.ts';
import { printable } from '../report/text/text.ts';

/** A workflow command's data: GitHub takes % and line ends escaped (actions/toolkit, command.ts). */
function data(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** The same as a property, which ends at a comma or a colon. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function evidenceText({ evidence }: Check): string {
  if (evidence === null) return '';
  const change = (ratio: number) => `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)} %`;
  const { ratio, low, high } = evidence;
  return ` (${change(ratio)}, 99 % interval ${change(low)} to ${change(high)})`;
}

/** A line for GitHub Actions for each check that did not pass: a regression is an error, what is undecided a warning. */
export function githubLines({ checks, inconclusive }: Comparison): string[] {
  return checks
    .filter(({ outcome }) => outcome !== 'pass')
    .map((check) => {
      const { outcome, label, rule, reason } = check;
      const level = outcome === 'regression' || inconclusive === 'fail' ? 'error' : 'warning';
      const title = property(`${outcome}: ${label}: ${rule}`);
      return `::${level} title=${title}::${data(`${label}: ${rule}: ${reason}${evidenceText(check)}`)}`;
    });
}
