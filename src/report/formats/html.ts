/** One HTML file that needs no network. What it is made of is loaded when it is asked for: other reports do not wait for it. */
import type { ReportFormat } from '../view/format-spec.ts';

type Documents = typeof import('../html/sections/documents.ts');

let documents: Documents | undefined;
let evaluations: typeof import('../html/sections/evaluate.ts') | undefined;

function loaded(): Documents {
  if (documents === undefined)
    throw new Error('the parts of HTML reports are not loaded: loadFormats() first');
  return documents;
}

/** Of more than two sides. */
export function sidesHtml(parts: Parameters<Documents['sidesDocument']>[0]): string {
  return loaded().sidesDocument(parts);
}

const format: ReportFormat = {
  runs: (results, options) => loaded().storedDocument(results, [], options),
  comparison: (report) => loaded().comparisonDocument(report),
  sweep: (report) => loaded().sweepDocument(report),
  stored: (results, sweeps, options) => loaded().storedDocument(results, sweeps, options),
  evaluation: (evaluation) => {
    if (evaluations === undefined) throw new Error('the parts of HTML reports are not loaded');
    return evaluations.evaluationDocument(evaluation);
  },
  between: null,
  forPeople: true,
  load: async () => {
    documents = await import('../html/sections/documents.ts');
    evaluations = await import('../html/sections/evaluate.ts');
  },
};

export default format;
