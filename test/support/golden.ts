/** Files of what users see, byte for byte. UPDATE_GOLDEN=1 writes them anew. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../golden/', import.meta.url));

/** Asserts that a text is what its file in test/golden holds. */
export function matchesGolden(name: string, made: string): void {
  if (process.env.UPDATE_GOLDEN) writeFileSync(folder + name, made);
  assert.ok(existsSync(folder + name), `test/golden/${name} is missing: run with UPDATE_GOLDEN=1`);
  assert.equal(made, readFileSync(folder + name, 'utf8'));
}

/** Names of all golden files. */
export function goldenFiles(): string[] {
  return readdirSync(folder);
}
