/** `uring-bench backends`: what there is, and what of it works here. */
import picocolors from 'picocolors';
import type { Backend, Feature } from '../backends/backend.ts';
import { failureHint } from '../backends/hints.ts';
import { kernelLacks } from '../backends/kernel.ts';
import { backends, withNeeds } from '../backends/registry.ts';
import { systemError, usageError } from '../errors.ts';
import { probeBackend, type Refusal } from '../native/library.ts';
import { readOptions } from '../options/option-reader.ts';
import { cliTable } from '../report/text/cli-table.ts';
import { foldWords, jsonText } from '../report/text/text.ts';
import { defaultWorkload } from '../resolve/resolve.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';

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
type Probe = (id: number, features: number) => Refusal | null;

function reasonOf(backend: Backend, features: readonly Feature[], probe: Probe): Reason {
  const refused = probe(
    backend.id,
    features.reduce((bits, feature) => bits | feature.bit, 0),
  );
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

/** The table for people: a row for each backend, its features below it, then why anything is missing. */
function renderBackends(list: readonly ListedBackend[], { columns, color }: Session['rendering']): string {
  const colors = picocolors.createColors(color);
  const rows = list.flatMap((backend) => [
    { ...backend, shown: colors.bold(backend.name), as: backend.aliases.join(', ') },
    ...[...backend.features, ...backend.presets].map((part) => ({
      ...part,
      shown: `  +${part.name}`,
      as: '',
    })),
  ]);
  const here = (available: boolean) => (available ? colors.green('yes') : colors.red('no'));
  const fixed = [
    Math.max(7, ...rows.map((row) => row.name.length + 3)),
    4,
    Math.max(11, ...rows.map((row) => row.as.length)),
    5,
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
  return `${[...lines, ...(why.length > 0 ? ['', ...why] : [])].join('\n')}\n`;
}

export async function backendsCommand({ options }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = Session.open(raw);
  const { outputFormat } = session.output;
  if (outputFormat !== 'table' && outputFormat !== 'json') {
    throw usageError(`backends has no output-format=${outputFormat}`, 'one of: table, json');
  }
  const list = listBackends(probeBackend);
  const text =
    outputFormat === 'json' ? jsonText({ backends: list }) : renderBackends(list, session.rendering);
  await session.deliver(text);
  return 0;
}
