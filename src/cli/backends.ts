/** `uring-bench backends`: what there is, and what of it works here. */
import picocolors from 'picocolors';
import type { Backend, Feature } from '../backends/backend.ts';
import { failureHint } from '../backends/hints.ts';
import { kernelLacks } from '../backends/kernel.ts';
import { probeVariant } from '../backends/probe.ts';
import { backends, withNeeds } from '../backends/registry.ts';
import { systemError } from '../errors.ts';
import { type ExplainProbe, explainProbe } from '../native/explain.ts';
import { readOptions } from '../options/option-reader.ts';
import type { OutputFormat } from '../options/output.ts';
import { cliTable } from '../report/text/cli-table.ts';
import { jsonText } from '../report/text/json.ts';
import { foldWords } from '../report/text/text.ts';
import { defaultWorkload } from '../resolve/resolve.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';

/** Columns of the list where it does not go to a terminal: those of one. */
const LIST_COLUMNS = 80;

/** null: it works. */
type Reason = string | null;

/** One row of the table; the JSON output is a list of these by backend. */
interface Listed {
  name: string;
  summary: string;
  /** Kernel version that brought it; null when every supported kernel has it. */
  since: string | null;
  available: boolean;
  reason: Reason;
}

interface ListedBackend extends Listed {
  aliases: string[];
  operations: readonly string[];
  async: boolean;
  features: Listed[];
  presets: (Listed & { features: readonly string[] })[];
}

/** Asks the kernel. */
type Probe = typeof probeVariant;

function reasonOf(backend: Backend, features: readonly Feature[], probe: Probe): Reason {
  const refused = probe(backend, features);
  if (refused === null) return null;
  const { errno, stage } = refused;
  const { code, text } = systemError(errno);
  const hint = kernelLacks(features, errno) ?? failureHint(backend, errno, stage, defaultWorkload());
  return `${stage}: ${code}, ${text}${hint === undefined ? '' : `: ${hint}`}`;
}

function listed(name: string, summary: string, since: string | null, reason: Reason): Listed {
  return { name, summary, since, available: reason === null, reason };
}

function listBackend(backend: Backend, probe: Probe): ListedBackend {
  const itself = reasonOf(backend, [], probe);
  // Without the backend its features cannot be there: one reason is enough.
  const reasonWith = (features: readonly Feature[]) => itself ?? reasonOf(backend, features, probe);
  return {
    ...listed(backend.name, backend.summary, null, itself),
    aliases: Object.keys(backend.aliases),
    operations: backend.ops,
    async: backend.async,
    features: backend.features.map((f) => listed(f.name, f.help, f.since, reasonWith(withNeeds(backend, f)))),
    presets: Object.entries(backend.presets).map(([name, names]) => {
      const features = backend.features.filter((feature) => names.includes(feature.name));
      return { ...listed(name, `short for ${names.join('+')}`, null, reasonWith(features)), features: names };
    }),
  };
}

/** Everything in the registry, with what the probe says. */
function listBackends(probe: Probe): ListedBackend[] {
  return backends.map((backend) => listBackend(backend, probe));
}

/** Whether --explain can look into the kernel. */
function tracingText({ missing }: ExplainProbe): string {
  if (missing === null) return 'tracing (--explain): possible here';
  return `tracing (--explain): not possible here: ${missing}; --explain=basic shows what needs no rights`;
}

/** The table for people: a row for each backend, its features below it, then why anything is missing. */
function renderBackends(
  list: readonly ListedBackend[],
  traces: ExplainProbe,
  { columns, color }: Session['rendering'],
): string {
  const colors = picocolors.createColors(color);
  const rows = list.flatMap((backend) => [
    { ...backend, shown: colors.bold(backend.name), as: backend.aliases.join(',\n') },
    ...[...backend.features, ...backend.presets].map((part) => ({
      ...part,
      shown: `  +${part.name}`,
      as: '',
    })),
  ]);
  const here = (available: boolean) => (available ? colors.green('yes') : colors.red('no'));
  const width = (head: string, of: (row: (typeof rows)[number]) => string) =>
    Math.max(
      head.length,
      ...rows.flatMap((row) =>
        of(row)
          .split('\n')
          .map(({ length }) => length),
      ),
    );
  const fixed = [
    Math.max('backend'.length, ...rows.map((row) => row.name.length + 3)),
    'here'.length,
    width('other names', ({ as }) => as),
    width('since', ({ since }) => since ?? ''),
  ];
  const room = Math.max(20, columns - fixed.reduce((sum, width) => sum + width + 2, 0));
  const lines = cliTable({
    head: ['backend', 'here', 'other names', 'since', 'what it is'].map(colors.dim),
    rows: rows.map(({ shown, available, as, since, summary }) => [
      shown,
      here(available),
      as,
      since ?? '',
      foldWords(summary, room, 0).join('\n'),
    ]),
    rule: false,
  });
  const reasons = list.flatMap((backend) => [
    ...(backend.reason === null ? [] : [`${backend.name}: ${backend.reason}`]),
    ...[...backend.features, ...backend.presets]
      .filter((part) => part.reason !== null && backend.reason === null)
      .map((part) => `${backend.name}+${part.name}: ${part.reason}`),
  ]);
  const why = reasons.flatMap((reason) => foldWords(`not available here: ${reason}`, columns, 2));
  const tracing = foldWords(tracingText(traces), columns, 2);
  return `${[...lines, '', ...tracing, ...(why.length > 0 ? ['', ...why] : [])].join('\n')}\n`;
}

export async function backendsCommand({ options }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = await Session.open(raw);
  session.checkFormats('backends', ['table', 'json']);
  const list = listBackends(probeVariant);
  const traces = explainProbe();
  const tracing = { available: traces.possible, reason: traces.missing };
  const render = (format: OutputFormat, rendering: Session['rendering']) =>
    format === 'json' ? jsonText({ backends: list, tracing }) : renderBackends(list, traces, rendering);
  await session.deliver(
    render(session.output.outputFormat, {
      ...session.rendering,
      columns: process.stdout.isTTY ? session.rendering.columns : LIST_COLUMNS,
    }),
  );
  await session.deliverMore((format, plain) => render(format, { ...plain, columns: LIST_COLUMNS }));
  return 0;
}
