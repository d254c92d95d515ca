/** That folders import only what docs/ARCHITECTURE.md says, and no files import each other in a circle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');

/** Folders by name, in the table's order, each with those it may import. */
function readLayers(): Map<string, string[]> {
  const table = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
  const rows = table.matchAll(/^\| `src\/([\w/]+)\/` \|.*\|([^|]*)\|$/gm);
  return new Map(
    [...rows].map(([, folder = '', imports = '']) => [
      folder,
      imports
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    ]),
  );
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sourceFiles(path);
    return /\.ts$/.test(name) && !/\.test\.ts$/.test(name) ? [path] : [];
  });
}

/** What each file imports of the others, types included, also where it is loaded only when it is needed. */
const imports = new Map(
  sourceFiles(source).map((file) => {
    const names = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?'(\.[^']+)'/g);
    return [file, [...names].map(([, name = '']) => resolve(dirname(file), name))];
  }),
);

const folderOf = (file: string): string => relative(source, dirname(file));

test('folders import only what ARCHITECTURE.md says', () => {
  const layers = readLayers();
  const wrong: string[] = [];
  for (const [file, others] of imports) {
    const folder = folderOf(file);
    for (const other of others) {
      const from = folderOf(other);
      if (from === folder || from === '') continue;
      if (!layers.get(folder)?.includes(from))
        wrong.push(`${relative(root, file)} -> ${relative(root, other)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('layers import only what stands above them', () => {
  const above = new Set<string>();
  for (const [folder, names] of readLayers()) {
    assert.deepEqual(
      names.filter((name) => !above.has(name)),
      [],
      folder,
    );
    above.add(folder);
  }
});

test('every folder is in the table, and uses all that it may', () => {
  const used = new Map<string, Set<string>>();
  for (const [file, others] of imports) {
    const folder = folderOf(file);
    if (folder === '') continue;
    const known = used.get(folder) ?? new Set();
    for (const other of others.map(folderOf)) if (other !== folder && other !== '') known.add(other);
    used.set(folder, known);
  }
  const sorted = (entries: Iterable<[string, Iterable<string>]>) =>
    Object.fromEntries([...entries].map(([folder, names]) => [folder, [...names].sort()] as const).sort());
  assert.deepEqual(sorted(readLayers()), sorted(used));
});

test('no files import each other in a circle', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].map((name) => relative(source, name)).join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const other of imports.get(file) ?? []) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});
