/** Commands that go on from a stored file, on damaged ones: they end as documented, in one line, and leave the file as it was. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXIT } from '../src/errors.ts';
import { bench } from './support/bench.ts';
import { filesIn } from './support/disk.ts';
import { scratchFolder } from './support/scratch.ts';

const RUN = ['--backend=null', '--runtime=20ms', '--trials=1', '--warmup-trials=0', '--size=1m'];
const DAMAGES = 10;

/** A text with a piece cut out, a word or a number that is another. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  how: fc.oneof(
    fc.nat(400).map((length) => (text: string, at: number) => text.slice(0, at) + text.slice(at + length)),
    fc
      .constantFrom('null', '-1', '1e308', '"\\u001b[31m"', '[]', '{}')
      .map(
        (other) => (text: string, at: number) =>
          text.slice(0, at) + text.slice(at).replace(/("[^"\n]*"|-?\d[\d.e+-]*)(?=\s*[,}\]])/, () => other),
      ),
    fc.constant((text: string, at: number) => text.slice(0, at)),
  ),
});

for (const { name, make, command } of [
  {
    name: 'sweep --resume',
    make: ['sweep', ...RUN, '--iodepth=1,2', '--quiet'],
    command: (path: string) => ['sweep', `--resume=${path}`, '--quiet'],
  },
  {
    name: 'gate --baseline',
    make: [...RUN, '--quiet'],
    command: (path: string) => [
      'gate',
      `--baseline=${path}`,
      '--no-save',
      '--quiet',
      '--',
      ...RUN.slice(0, 2),
      '--size=1m',
    ],
  },
]) {
  test(`${name} takes a damaged file or refuses it`, async (t) => {
    const folder = scratchFolder(t);
    assert.equal((await bench(folder, make)).code, EXIT.ok);
    const stored = filesIn(folder).find((one) => one.endsWith('.json')) ?? '';
    const whole = readFileSync(join(folder, stored), 'utf8');
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, how }) => {
        const path = join(scratchFolder(t), 'stored.json');
        const damaged = how(whole, Math.floor(at * whole.length));
        writeFileSync(path, damaged);
        const { code, stderr } = await bench(scratchFolder(t), command(path));
        assert.doesNotMatch(stderr, /this is a bug|^ +at /m);
        assert.ok([0, 1, 2, 3, 5].includes(code ?? -1), `exit code ${code}: ${stderr}`);
        if (code !== EXIT.usage) return;
        assert.match(stderr, /^uring-bench: [^\n]+\n$/);
        assert.equal(readFileSync(path, 'utf8'), damaged, 'it was refused: it stays');
      }),
      { numRuns: DAMAGES },
    );
  });
}
