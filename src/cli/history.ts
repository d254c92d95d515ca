/** `uring-bench history RESULTS`: the same workload over time, with the runs at which its level changed. */
import { historiesOf, historyMetric } from '../compare/history.ts';
import { type Condition, checkLabel, parseCondition, select } from '../compare/listing.ts';
import { EXIT } from '../errors.ts';
import { defaultOf, readOptions } from '../options/option-reader.ts';
import { HISTORY_FORMATS, renderHistories } from '../report/formats/history.ts';
import type { ListedFile } from '../results/listed.ts';
import { plural } from '../values/format.ts';
import { allStoredFiles } from './operands.ts';
import type { Invocation } from './program.ts';
import { readListed } from './read-listed.ts';
import { Session } from './session.ts';

/** What of the results meets all conditions: each run with those of its backends that do. */
function runsOf(files: readonly ListedFile[], conditions: readonly Condition[]) {
  return select(files, conditions).flatMap(({ file, subjects }) => {
    const runs = new Set(subjects.map(({ run }) => run));
    return [...runs].map((run) => {
      const backends = subjects.flatMap((one) => (one.run === run && one.backend ? [one.backend] : []));
      return { path: file.path, run: { ...run, backends } };
    });
  });
}

export async function historyCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = await Session.open(raw);
  session.checkFormats('history', HISTORY_FORMATS);
  const metrics = (raw.metric ?? ['iops']).map(historyMetric);
  const conditions = (raw.where ?? []).map(parseCondition);
  const paths = allStoredFiles(operands.length > 0 ? operands : [defaultOf('results-dir')]);
  session.checkApart(paths);
  const files = await readListed(paths);
  for (const { key } of conditions) checkLabel('where', key, files);
  const runs = runsOf(files, conditions);
  const histories = metrics.flatMap((metric) => historiesOf(runs, metric));
  const { outputFormat } = session.output;
  if (histories.length === 0 && outputFormat === 'table')
    await session.say(`nothing found in ${plural(files.length, 'result')}`);
  else await session.deliver(renderHistories(histories, files.length, outputFormat, session.rendering));
  await session.deliverMore((format, plain) => renderHistories(histories, files.length, format, plain));
  return EXIT.ok;
}
