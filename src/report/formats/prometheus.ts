/**
 * Prometheus' text format 0.0.4, as a node_exporter's textfile and a Pushgateway take it: the metrics of openmetrics.ts
 * without what that format added. What was measured is a gauge of 1, and so is the state that a check is in.
 */
import type { ReportFormat } from '../view/format-spec.ts';
import type { Family } from './metric-family.ts';
import { escaped, metricsFormat, sampleText } from './openmetrics.ts';

function familyText({ name, help, samples }: Family): string[] {
  const suffix = samples[0]?.suffix ?? '';
  return [
    `# HELP ${name}${suffix} ${escaped(help)}`,
    `# TYPE ${name}${suffix} gauge`,
    ...samples.map((sample) => sampleText(name, sample)),
  ];
}

const format: ReportFormat = metricsFormat((families) =>
  families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(familyText)
    .map((line) => `${line}\n`)
    .join(''),
);

export default format;
