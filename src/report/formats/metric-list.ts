/** Metrics of the formats for other programs, where nobody chose others. */
import { type Metric, parseMetrics } from '../../compare/metrics.ts';
import { defaultOf } from '../../options/option-reader.ts';
import type { RenderOptions } from '../view/format-spec.ts';

export function usualMetrics({ metrics }: Pick<RenderOptions, 'metrics'>): readonly Metric[] {
  return metrics ?? parseMetrics('metric', defaultOf('metric'));
}
