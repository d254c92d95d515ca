/** What is loaded before the work begins: a start takes as long as the modules that it waits for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { commands } from '../src/cli/commands.ts';
import { runProgram } from '../src/cli/program.ts';
import { root, uringBench } from './support/cli.ts';
import { scratchFolder } from './support/scratch.ts';

const hooks = `
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(process.env.LOADED_MODULES, url + '\\n');
  return next(url, context);
}`;
const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))});`;

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Addresses of all modules that a command line loads. */
function loadedBy(t: TestContext, ...args: string[]): string[] {
  const folder = scratchFolder(t);
  const list = join(folder, 'loaded');
  const env = { LOADED_MODULES: list, NODE_OPTIONS: `--import=${dataUrl(register)}` };
  const { code, stderr } = uringBench(args, { cwd: folder, env });
  assert.equal(code, 0, stderr);
  return readFileSync(list, 'utf8').replaceAll(pathToFileURL(root).href, '').trim().split('\n');
}

const those = (modules: readonly string[], part: RegExp): string[] => modules.filter((url) => part.test(url));

describe('a start loads no more than it needs', () => {
  it('--version and --help: neither packages nor the option table', (t) => {
    for (const line of [
      ['--version'],
      ['-V'],
      ['--help'],
      ['--help', '--all'],
      ['show', '--help'],
      ['help', 'gate'],
    ]) {
      const modules = loadedBy(t, ...line);
      assert.deepEqual(those(modules, /node_modules|\/options\/|\/backends\//), []);
      assert.ok(those(modules, /\/cli\/main\./).length === 1, 'modules are seen');
    }
  });

  it('--help says what the program renders for the same width', async () => {
    for (const { name } of commands) {
      const spec = { name: 'uring-bench', version: () => '', commands, columns: 80 };
      for (const line of [['--help'], ['--help', '--all']].map((help) =>
        name === '' ? help : [name, ...help],
      )) {
        const { text } = await runProgram(spec, line);
        assert.equal(uringBench(line).stdout, text);
      }
    }
  });

  it('help that is rendered: no package but what parses and suggests', (t) => {
    const modules = loadedBy(t, '--quiet', '--help');
    assert.deepEqual(
      those(modules, /typebox|koffi|hdr-histogram|string-width|\/results\/|\/native\/library/),
      [],
    );
    assert.ok(those(modules, /commander/).length > 0);
  });

  it('a run: no schema and no validator', (t) => {
    const run = ['--backend=null', '--size=1m', '--runtime=20ms'];
    for (const format of ['table', 'json']) {
      const modules = loadedBy(t, ...run, `--output-format=${format}`);
      assert.deepEqual(those(modules, /typebox|schema|^node_modules\/string-width/), []);
      assert.ok(those(modules, /\/jobs\/runner\./).length === 1);
    }
    assert.deepEqual(those(loadedBy(t, 'sweep', ...run, '--iodepth=1,2'), /typebox|schema/), []);
  });

  it('what reads a stored file checks it', (t) => {
    const stored = join(import.meta.dirname, 'fixtures', 'single.json');
    assert.ok(those(loadedBy(t, 'show', stored), /typebox/).length > 0);
  });
});
