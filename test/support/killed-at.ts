/** A process that makes what a run makes and kills itself at one call of node:fs: `killed-at.ts FOLDER NUMBER`. Exits 0 when there are fewer. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fixture } from '../fixtures/load.ts';

const [, , folder = '', number = ''] = process.argv;
/** Calls until it kills itself; modules are loaded before they count. */
let left = Number.POSITIVE_INFINITY;

for (const name of [
  'openSync',
  'writeSync',
  'writeFileSync',
  'mkdirSync',
  'unlinkSync',
  'renameSync',
  'closeSync',
  'rmdirSync',
] as const) {
  const real = fs[name] as (...args: unknown[]) => unknown;
  Object.assign(fs, {
    [name]: (...args: unknown[]) => {
      if (left-- === 0) process.kill(process.pid, 'SIGKILL');
      return real(...args);
    },
  });
}

async function makeAll(): Promise<void> {
  const { layOut } = await import('../../src/targets/layout.ts');
  const { openResultFile } = await import('../../src/results/store.ts');
  const { library } = await import('../../src/native/library.ts');
  const result = fixture('single');
  library();
  left = Number(number);
  syncBuiltinESMExports();
  const file = await openResultFile(join(folder, 'results'), new Date(), 'killed');
  const files = ['a', 'b'].map((name) => ({
    path: join(folder, name),
    kind: 'file' as const,
    offset: 0,
    size: 2 ** 16,
    create: true,
    remove: true,
  }));
  const created = await layOut([files], { direct: false, dropCache: () => {}, makeRoom: () => {} });
  file.write(result);
  created.remove();
}

await makeAll();
