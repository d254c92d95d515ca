/**
 * Writes what is generated from sources and kept in the repository; with --check it writes nothing and exits
 * 1 when anything is stale.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ComparisonSchema } from '../src/compare/schema.ts';
import { ResultSchema } from '../src/results/schema.ts';
import { SweepSchema } from '../src/results/sweep-schema.ts';
import { optionsMarkdown } from './options-markdown.ts';

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

/** Every generated file with what makes it. */
const outputs: readonly { path: string; make: () => string }[] = [
  { path: 'src/native/abi.ts', make: abi },
  { path: 'schema/result.schema.json', make: () => jsonSchema(ResultSchema) },
  { path: 'schema/sweep.schema.json', make: () => jsonSchema(SweepSchema) },
  { path: 'schema/comparison.schema.json', make: () => jsonSchema(ComparisonSchema) },
  { path: 'docs/OPTIONS.md', make: optionsMarkdown },
];

const check = process.argv.includes('--check');
for (const { path, make } of outputs) {
  const target = join(root, path);
  const text = make();
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
