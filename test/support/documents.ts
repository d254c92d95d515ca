/** What documents tell people to type, and doing it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, root } from './cli.ts';

/** A document of this repository. */
export function documentText(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

/** The blocks of a language in a Markdown text. */
export function blocksOf(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```/gms)].flatMap(([, kind, block = '']) =>
    kind === language ? [block] : [],
  );
}

/** The lines of a document's sh blocks, in order. */
export function documentCommands(name: string): string[] {
  return blocksOf(documentText(name), 'sh').flatMap((block) => block.trim().split('\n'));
}

/** Runs what a person would type in bash, without what the tests' own Node was started with. */
export function typed(
  command: string,
  options: { cwd: string; env?: Readonly<Record<string, string>>; bash?: readonly string[] },
): Finished {
  const { NODE_OPTIONS, NO_COLOR, FORCE_COLOR, ...env } = process.env;
  const { status, signal, stdout, stderr, error } = spawnSync(
    'bash',
    [...(options.bash ?? []), '-c', command],
    {
      cwd: options.cwd,
      env: { ...env, ...options.env },
      encoding: 'utf8',
    },
  );
  if (error) throw error;
  return { code: status ?? signal, stdout, stderr };
}

const python = '/usr/bin/python3';

/** false, or why YAML cannot be read here. */
export const noYaml = spawnSync(python, ['-c', 'import yaml']).status === 0 ? false : 'needs python3-yaml';

/** What YAML texts hold, every scalar as text. */
export function yamlOf(texts: readonly string[]): unknown[] {
  const script =
    'import json, sys, yaml; print(json.dumps([yaml.load(t, yaml.BaseLoader) for t in json.load(sys.stdin)]))';
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
