/**
 * Writes what is generated from sources and kept in the repository; with --check it writes nothing and exits
 * 1 when anything is stale.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The layout of the native ABI, as its own C program prints it. */
function abi(): string {
  return execFileSync('make', ['-s', '--no-print-directory', '-C', join(root, 'native'), 'abi'], {
    encoding: 'utf8',
  });
}

/** A schema as JSON; typebox adds symbols that JSON leaves out. */
function jsonSchema(source: object): string {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...source };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/**
 * Every generated file with what makes it, in this order: the option table is made of the backends, which are made of
 * the ABI, so that nothing of it may be loaded before that is written.
 */
const outputs: readonly { path: string; make: () => string | Promise<string> }[] = [
  { path: 'src/native/abi.ts', make: abi },
  {
    path: 'schema/result.schema.json',
    make: async () => jsonSchema((await import('../src/results/schema.ts')).ResultSchema),
  },
  {
    path: 'schema/sweep.schema.json',
    make: async () => jsonSchema((await import('../src/results/sweep-schema.ts')).SweepSchema),
  },
  {
    path: 'schema/baseline.schema.json',
    make: async () => jsonSchema((await import('../src/results/baseline-schema.ts')).BaselineSchema),
  },
  {
    path: 'schema/comparison.schema.json',
    make: async () => jsonSchema((await import('../src/compare/schema.ts')).ComparisonSchema),
  },
  {
    path: 'schema/explanation.schema.json',
    make: async () => jsonSchema((await import('../src/results/explained-schema.ts')).ExplainedCommandSchema),
  },
  {
    path: 'schema/evaluation.schema.json',
    make: async () => jsonSchema((await import('../src/results/evaluate-schema.ts')).EvaluationSchema),
  },
  {
    path: 'schema/echo.schema.json',
    make: async () => jsonSchema((await import('../src/echo/schema.ts')).EchoSchema),
  },
  {
    path: 'docs/OPTIONS.md',
    make: async () => (await import('./options-markdown.ts')).optionsMarkdown(),
  },
];

const check = process.argv.includes('--check');
for (const { path, make } of outputs) {
  const target = join(root, path);
  const text = await make();
  if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
  if (check) {
    process.stderr.write(`${path} is stale: run 'npm run generate'\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    process.stderr.write(`${path} written\n`);
  }
}
