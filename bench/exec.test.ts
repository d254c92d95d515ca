import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlessHung } from './comparison.ts';
import { execute, Hung, Stopped } from './exec.ts';

const never = new AbortController().signal;

test('what a program says is told, and the last line of one that fails', async () => {
  assert.equal((await execute('sh', ['-c', 'echo yes'], { signal: never })).stdout, 'yes\n');
  await assert.rejects(
    execute('sh', ['-c', 'echo a; echo b >&2; exit 3'], { signal: never }),
    /exit code 3: b/,
  );
});

test('a program whose child holds its pipes is killed with it when it hangs', async () => {
  const hangs = execute('sh', ['-c', 'sleep 300 & wait'], { signal: never, slackMs: 100 });
  await assert.rejects(
    hangs,
    (error) => error instanceof Hung && /sh hung: killed after/.test(error.message),
  );
});

test('and when the benchmark is stopped', async () => {
  const stopped = execute('sh', ['-c', 'sleep 300 & wait'], { signal: AbortSignal.timeout(100) });
  await assert.rejects(stopped, Stopped);
});

test('what hangs is begun again, three times at most; what fails is not', async () => {
  const said: string[] = [];
  const hanging = (times: number) => async () => {
    if (said.length < times) throw new Hung('fio hung');
    return 'done';
  };
  assert.equal(await unlessHung(hanging(2), (line) => said.push(line)), 'done');
  assert.deepEqual(said, ['fio hung (1 of 3 tries)', 'fio hung (2 of 3 tries)']);
  said.length = 0;
  assert.equal(await unlessHung(hanging(9), (line) => said.push(line)), null);
  assert.equal(said.length, 3);
  await assert.rejects(
    unlessHung(
      async () => {
        throw new Error('exit code 1');
      },
      () => {},
    ),
    /exit code 1/,
  );
});
