/** What `uring-bench explain` says of fio against what fio says itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Explanation } from '../../src/results/schema-explain.ts';
import { uringBench } from '../support/cli.ts';
import { dataFile, diskFolder } from '../support/disk.ts';
import { noTracing, seenWhole, total } from '../support/explained.ts';
import { near } from '../support/result.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

const IOS = 1500;
/** fio's binary, its libraries and its file's metadata may be read from the device, too. */
const BESIDE = 200;

interface FioReport {
  jobs: { read: { total_ios: number } }[];
}

/** Runs fio under explain -> what its report and ours say. */
function explainFio(
  folder: string,
  file: string,
  options: readonly string[],
): { ios: number; explain: Explanation } {
  const why = `${folder}/why.json`;
  const fio = ['fio', '--name=x', `--filename=${file}`, '--rw=randread', '--bs=4k', '--direct=1'];
  const { code, stdout, stderr } = uringBench(
    [
      ...['explain', '--output-format=json', `--output=${why}`, '--', ...fio],
      ...[...options, `--number_ios=${IOS}`, '--output-format=json'],
    ],
    { cwd: folder },
  );
  assert.equal(code, 0, stderr);
  const ios = (JSON.parse(stdout) as FioReport).jobs[0]?.read.total_ios ?? 0;
  return { ios, ...(JSON.parse(readFileSync(why, 'utf8')) as { explain: Explanation }) };
}

test('time in user mode and in the kernel is what bash has of its children', {
  skip: noTracing,
}, async (t) => {
  const folder = diskFolder(t);
  const count = 'i=0; while ((i < 200000)); do ((i++)); done';
  const script = `TIMEFORMAT='%U %S'; time { ${count}; dd if=/dev/zero of=/dev/null bs=1M count=4000 2>/dev/null; }`;
  await seenWhole(async () => {
    const why = `${folder}/why.json`;
    const args = [
      'explain',
      '--no-save',
      '--output-format=json',
      `--output=${why}`,
      '--',
      'bash',
      '-c',
      script,
    ];
    const { code, stderr } = uringBench(args, { cwd: folder });
    assert.equal(code, 0, stderr);
    const [user = 0, kernel = 0] = stderr.trim().split(' ').map(Number);
    const { threads } =
      (JSON.parse(readFileSync(why, 'utf8')) as { explain: Explanation }).explain.traced ?? {};
    const sum = (of: 'user_ns' | 'run_ns') => total(threads?.map((row) => row[of] ?? 0) ?? []) / 1e9;
    near(sum('run_ns'), user + kernel, 0.1, 'CPU seconds', 0.1);
    near(sum('user_ns'), user, 0.1, 'of them in user mode', 0.1);
    assert.ok(user > 0.3 && kernel > 0.1, `${user} ${kernel}: there is much of both`);
  });
});

for (const [engine, depth] of [
  ['psync', 1],
  ['libaio', 8],
  ['io_uring', 8],
] as const) {
  test(`fio's ${engine} does the requests that it reports`, {
    skip: firstReason(noTracing, needsCommand('fio')),
  }, async (t) => {
    const folder = diskFolder(t);
    const file = dataFile(`${folder}/data`, 16 * 2 ** 20);
    await seenWhole(async () => {
      const options = [`--ioengine=${engine}`, `--iodepth=${depth}`];
      const { ios, explain } = explainFio(folder, file, options);
      assert.equal(ios, IOS);
      const { traced, pass } = explain;
      assert.equal(pass, null, 'its I/Os are not ours');
      assert.ok(traced?.block);
      const { bytes } = traced.block;
      assert.ok(bytes >= ios * 4096 && bytes <= (ios + BESIDE) * 4096, `${engine}: ${bytes} bytes`);
      const submits = total(Object.values(traced.io_uring?.submits ?? {}));
      assert.equal(submits, engine === 'io_uring' ? ios : 0, `${engine}: requests of rings`);
      const slept = traced.threads.flatMap(({ sleeps }) => sleeps.filter((one) => one.iowait));
      const calls = slept.map((one) => one.in);
      const waits = { psync: 'pread64', libaio: 'io_getevents', io_uring: 'io_uring_enter' }[engine];
      const main = traced.threads.flatMap(({ sleeps }) => sleeps).find((one) => one.in === waits);
      assert.ok((main?.count ?? 0) > IOS / 20, `${engine} waits in ${waits}: ${calls.join(', ')}`);
    });
  });
}
