/** `uring-bench doctor`: what of this machine, and of a path, keeps a benchmark from working or its figures from being true. */
import { setTimeout as sleep } from 'node:timers/promises';
import picocolors from 'picocolors';
import { checkGroups, type State } from '../doctor/check.ts';
import { checks, diagnose } from '../doctor/checks.ts';
import {
  bitIn,
  supportOf,
  uringFeatures,
  uringOperations,
  uringSetupFlags,
} from '../doctor/io-uring-names.ts';
import { lookAround, type Seen } from '../doctor/seen.ts';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import { disksOf } from '../host/device-reads.ts';
import { pathFacts } from '../host/host-files.ts';
import { conditionsBetween, idleBetween, sampleLoad } from '../host/host-load.ts';
import { readOptions } from '../options/option-reader.ts';
import type { OutputFormat } from '../options/output.ts';
import { displayWidth, foldWords, printable } from '../report/text/text.ts';
import type { Finding } from '../results/schema.ts';
import { tuningLink } from '../stats/tuning.ts';
import { plural } from '../values/format.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';

/** How long the machine is watched for what others do. */
const WATCH_MS = 300;
const GAP = '  ';

type Rendering = Session['rendering'];

async function watch(path: string | null): Promise<Seen['now']> {
  const disks = path === null ? [] : disksOf([path]);
  const before = sampleLoad(disks);
  await sleep(WATCH_MS);
  const after = sampleLoad(disks);
  return { conditions: conditionsBetween(before, after, null), idle: idleBetween(before, after, 1) };
}

function factsOf(path: string): ReturnType<typeof pathFacts> {
  try {
    return pathFacts(path);
  } catch (error) {
    if (isSystemError(error)) throw usageError(`cannot look at ${path}: ${systemReason(error)}`);
    throw error;
  }
}

/** @throws BenchError (usage) for what is no storage, or cannot be reached */
function checkPath(path: string): void {
  const facts = factsOf(path);
  if (facts?.kind === 'other' || (facts?.kind === 'char' && !/\/ng\d+n\d+$/.test(path))) {
    throw usageError(`${path} is neither a file, a folder, a block device nor an NVMe generic device`);
  }
}

/** A finding with what its check is. */
function described(finding: Finding): Finding & { group: string; title: string; see: string } {
  const check = checks.find(({ id }) => id === finding.id);
  if (check === undefined) throw new Error(`no check is called ${finding.id}`);
  return { ...finding, group: check.group, title: check.title, see: tuningLink(finding.id) };
}

function toJson(seen: Seen, findings: readonly Finding[]): string {
  const { ioUring, place } = seen;
  const document = {
    path: place?.path ?? null,
    findings: findings.map(described),
    io_uring: {
      available: ioUring.refusal === null,
      queried: ioUring.queried,
      features: supportOf(uringFeatures, bitIn(ioUring.features)),
      setup_flags: supportOf(uringSetupFlags, bitIn(ioUring.setupFlags)),
      operations: supportOf(uringOperations, (op) => ioUring.operations.has(op)),
    },
    layers: place?.chain.map(({ text, ram }) => ({ text, ram })) ?? [],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

type Painter = (text: string) => string;

function painters(color: boolean): Record<State, Painter> & { dim: Painter; bold: Painter } {
  const { green, yellow, red, dim, bold } = picocolors.createColors(color);
  return { ok: green, warning: yellow, missing: red, dim, bold };
}

/** One finding: its state, what it is about, what was found; below it the mend. */
function lines(finding: Finding, titleWidth: number, { color, columns }: Rendering): string[] {
  const paint = painters(color);
  const { title, see } = described(finding);
  const indent = 'warning'.length + GAP.length + titleWidth + GAP.length;
  const room = Math.max(20, columns - indent);
  const head = (i: number) =>
    i > 0
      ? ' '.repeat(indent)
      : `${paint[finding.state](finding.state.padEnd('warning'.length))}${GAP}${title.padEnd(titleWidth)}${GAP}`;
  const text = finding.state === 'ok' ? finding.text : `${finding.text} (${see})`;
  const found = foldWords(printable(text), room, 0);
  const mend = finding.mend === null ? [] : foldWords(`mend: ${printable(finding.mend)}`, room, 6);
  return [
    ...found.map((line, i) => head(i) + line),
    ...mend.map((line) => ' '.repeat(indent) + paint.dim(line)),
  ];
}

function summary(findings: readonly Finding[]): string {
  const count = (state: State) => findings.filter((finding) => finding.state === state).length;
  const [good, warnings, lacking] = [count('ok'), count('warning'), count('missing')];
  return `${good} ok, ${plural(warnings, 'warning')}, ${lacking} missing`;
}

/** The table for people, by group. */
function toTable(findings: readonly Finding[], rendering: Rendering): string {
  const { bold } = painters(rendering.color);
  const titleWidth = Math.max(...findings.map((finding) => displayWidth(described(finding).title)));
  const blocks = checkGroups.flatMap((group) => {
    const own = findings.filter((finding) => described(finding).group === group);
    if (own.length === 0) return [];
    return [bold(group), ...own.flatMap((finding) => lines(finding, titleWidth, rendering)), ''];
  });
  return `${[...blocks, summary(findings)].join('\n')}\n`;
}

export async function doctorCommand({ options, operands }: Invocation): Promise<number> {
  const session = await Session.open(readOptions(options).raw);
  session.checkFormats('doctor', ['table', 'json']);
  const [path = null, more] = operands;
  if (more !== undefined) throw usageError(`doctor looks at one path, not at ${more} too`);
  if (path !== null) checkPath(path);
  const seen = lookAround(path, { now: await watch(path), thorough: true });
  const findings = diagnose(seen);
  const render = (format: OutputFormat, rendering: Session['rendering']) =>
    format === 'json' ? toJson(seen, findings) : toTable(findings, rendering);
  await session.deliver(render(session.output.outputFormat, session.rendering));
  await session.deliverMore(render);
  return 0;
}
