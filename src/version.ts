import { readFileSync } from 'node:fs';

/** Version of the package; package.json is one folder up, from src/ and from dist/. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
