/** `npm run bench`: uring-bench beside fio and the bare system calls. bench/README.md says how to read it. */
import { statSync } from 'node:fs';
import { captureEnvironment } from '../src/host/environment.ts';
import { nativeFacts } from '../src/native/library.ts';
import { buildBare, buildTool, compilerVersion } from './build.ts';
import { type Context, runComparison } from './comparison.ts';
import { execute, Stopped } from './exec.ts';
import { makeFile } from './file.ts';
import { runFloor } from './floor.ts';
import { runLimits } from './limits.ts';
import { type BenchOptions, HELP, readOptions } from './options.ts';
import { type Report, renderJson, renderMarkdown, renderText } from './report.ts';

const EXIT = { ok: 0, failed: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const;
const RENDERERS = { text: renderText, json: renderJson, markdown: renderMarkdown } as const;

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

/** "fio-3.33", or null when there is none in PATH. */
async function fioVersion(signal: AbortSignal): Promise<string | null> {
  try {
    return (await execute('fio', ['--version'], { signal })).stdout.trim();
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return null;
  }
}

async function measure(options: BenchOptions, signal: AbortSignal): Promise<Report> {
  if (options.build) {
    say('building');
    await buildTool({ signal });
  }
  await buildBare({ signal });
  const fio = await fioVersion(signal);
  if (fio === null) say('there is no fio in PATH: its columns stay empty (apt-get install fio)');
  say(`creating a file of ${options.fileBytes / 2 ** 20} MiB in ${options.directory}`);
  const file = await makeFile(options.directory, options.fileBytes, signal);
  try {
    const context: Context = { options, file, hasFio: fio !== null, signal, say };
    const does = (part: BenchOptions['parts'][number]) => options.parts.includes(part);
    const { rounds, seconds, cpu, fileBytes } = options;
    return {
      date: new Date().toISOString(),
      environment: await captureEnvironment([file.path], nativeFacts()),
      fio,
      compiler: await compilerVersion({ signal }),
      settings: { rounds, seconds, cpu, fileBytes },
      comparison: does('comparison') ? await runComparison(context) : null,
      floor: does('floor') ? await runFloor(context) : null,
      limits: does('limits') ? await runLimits(context) : null,
    };
  } finally {
    file.remove();
  }
}

function optionsOrNull(): BenchOptions | null {
  const options = readOptions(process.argv.slice(2));
  if (options !== null && !statSync(options.directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new TypeError(`--directory=${options.directory} is no folder`);
  }
  return options;
}

/** @returns the exit code */
async function main(): Promise<number> {
  let options: BenchOptions | null;
  try {
    options = optionsOrNull();
  } catch (error) {
    say((error as Error).message);
    return EXIT.usage;
  }
  if (options === null) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const controller = new AbortController();
  let stoppedBy: 'SIGINT' | 'SIGTERM' | null = null;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      stoppedBy ??= name;
      controller.abort();
    });
  }
  try {
    const report = await measure(options, controller.signal);
    process.stdout.write(RENDERERS[options.format](report));
    return EXIT.ok;
  } catch (error) {
    if (stoppedBy !== null && error instanceof Stopped) return EXIT[stoppedBy];
    say((error as Error).message);
    return EXIT.failed;
  }
}

process.exitCode = await main();
