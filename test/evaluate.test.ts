/** `uring-bench evaluate` as users run it: real I/O on files and loop devices, stops, refusals. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { EXIT } from '../src/errors.ts';
import { type Evaluation, EvaluationSchema } from '../src/results/evaluate-schema.ts';
import { startUringBench, uringBench } from './support/cli.ts';
import { diskFolder, noDisk } from './support/disk.ts';
import { attach, mountOn, run, scratchFolder, skipUnless } from './support/scratch.ts';
import { victim } from './support/victim.ts';

const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const validate = ajv.compile<Evaluation>(JSON.parse(JSON.stringify(EvaluationSchema)));

const MIB = 2 ** 20;
const SHORT = ['--round-time=20ms', '--quiet'];

function parse(text: string): Evaluation {
  const found: unknown = JSON.parse(text);
  assert.ok(validate(found), ajv.errorsText(validate.errors));
  return found;
}

function stored(folder: string): { path: string; evaluation: Evaluation } {
  const [name] = readdirSync(join(folder, 'results')).filter((file) => file.endsWith('.json'));
  const path = join(folder, 'results', name ?? '');
  return { path, evaluation: parse(readFileSync(path, 'utf8')) };
}

/** Begins an evaluation and kills it when that word is in what it has stored; its next file, not yet renamed, is none. */
async function killedOnce(folder: string, args: string[], word: string): Promise<void> {
  const { child, ended } = startUringBench(args, { cwd: folder });
  const results = join(folder, 'results');
  while (child.exitCode === null) {
    const names = readdirSync(folder).includes('results') ? readdirSync(results) : [];
    const name = names.find((file) => file.endsWith('.json'));
    if (name !== undefined && readFileSync(join(results, name), 'utf8').includes(word)) break;
    await sleep(10);
  }
  child.kill('SIGKILL');
  await ended;
}

function image(folder: string, mib: number): string {
  const path = join(folder, 'image');
  writeFileSync(path, randomBytes(mib * MIB));
  return path;
}

const bytesOf = ({ steps }: Evaluation, op: 'read' | 'write') =>
  steps.reduce((sum, step) => sum + (step[op]?.bytes ?? 0), 0);

describe('an evaluation', { skip: noDisk }, () => {
  it('of a folder: a file is made and removed, every cell is measured, and show says it again', (t) => {
    const folder = diskFolder(t);
    const { code, stdout, stderr } = uringBench(['evaluate', '.', ...SHORT], { cwd: folder });
    assert.equal(code, EXIT.ok, stderr);
    const { path, evaluation } = stored(folder);
    assert.equal(evaluation.status, 'complete');
    assert.deepEqual(readdirSync(folder), ['results'], 'the file is gone');
    assert.deepEqual(
      evaluation.phases.map(({ name, cells }) => [name, cells.length]),
      [
        ['screen', 12],
        ['knee-read', 8],
        ['knee-write', 8],
      ],
    );
    assert.equal(evaluation.steps.length, 28);
    assert.ok(evaluation.steps.every(({ iops, read, write }) => iops > 0 && (read ?? write) !== null));
    assert.match(stdout, /SEQ1M Q8T1 /);
    assert.match(stdout, /RND4K Q1T1 /);
    assert.match(stdout, /latency with one I\/O in flight/);
    assert.match(stdout, /random 4k reads by depth: (the knee is at depth|IOPS still grow)/);
    const again = uringBench(['show', path]);
    assert.equal(again.code, EXIT.ok, again.stderr);
    assert.ok(stdout.startsWith(again.stdout.trimEnd()));
    const markdown = uringBench(['show', path, '--output-format=markdown']).stdout;
    assert.match(markdown, /^\| pattern \| read MiB\/s \|/m);
    assert.deepEqual(parse(uringBench(['show', path, '--output-format=json']).stdout), evaluation);
    assert.match(uringBench(['ls', path]).stdout, /evaluate quick/);
    assert.match(uringBench(['compare', path, path]).stderr, /is an evaluation/);
    assert.match(
      uringBench(['show', path, '--output-format=csv']).stderr,
      /an evaluation has no output-format=csv/,
    );
  });

  it("of a file by SNIA's flow: twice the region is written, then rounds; a rehearsal is marked", (t) => {
    const folder = diskFolder(t);
    const file = image(folder, 8);
    const args = ['evaluate', file, '--profile=snia-latency', '--scale=1/4', '--max-rounds=6', ...SHORT];
    const refused = uringBench(args, { cwd: folder });
    assert.equal(refused.code, EXIT.usage);
    assert.match(refused.stderr, /has data that would be overwritten .*--yes/);
    const { code, stdout, stderr } = uringBench([...args, '--yes'], { cwd: folder });
    assert.equal(code, EXIT.ok, stderr);
    const { evaluation } = stored(folder);
    assert.equal(evaluation.target.region_bytes, 2 * MIB);
    const passes = evaluation.steps.filter(({ phase }) => phase === 'precondition');
    assert.deepEqual(
      passes.map(({ write }) => write?.bytes),
      [2 * MIB, 2 * MIB],
    );
    const rounds = Math.max(...evaluation.steps.map(({ round }) => round)) + 1;
    assert.ok(rounds >= 5 && rounds <= 6);
    assert.equal(evaluation.steps.length, 2 + 9 * rounds);
    assert.match(stdout, /REHEARSAL: not a SNIA PTS 2\.0\.2 result: 1\/4 of the target/);
    assert.match(stdout, /: (steady in rounds \d to \d of|not steady in 6 rounds)/);
  });

  it('that is killed goes on where it was, on the same file alone', async (t) => {
    const folder = diskFolder(t);
    const file = image(folder, 4);
    const args = ['evaluate', file, '--profile=snia-throughput', '--max-rounds=2', '--round-time=60ms'];
    await killedOnce(folder, [...args, '--yes', '--quiet'], '"iops_low"');
    const before = stored(folder);
    assert.equal(before.evaluation.status, 'interrupted');
    const done = before.evaluation.steps.length;
    const resume = ['evaluate', `--resume=${before.path}`, '--quiet'];
    const silent = uringBench(resume, { cwd: folder });
    assert.equal(silent.code, EXIT.usage, 'consent is not stored');
    assert.match(silent.stderr, /--yes/);
    const other = join(folder, 'other');
    writeFileSync(other, randomBytes(4 * MIB));
    const wrong = uringBench(['evaluate', other, `--resume=${before.path}`, '--yes'], { cwd: folder });
    assert.equal(wrong.code, EXIT.usage);
    assert.match(wrong.stderr, /other is not what .* was measured on/);
    const changed = uringBench([...resume, '--yes', '--max-rounds=3'], { cwd: folder });
    assert.match(changed.stderr, /has its own max-rounds/);
    const { code, stderr } = uringBench([...resume, '--yes'], { cwd: folder });
    assert.equal(code, EXIT.ok, stderr);
    const after = stored(folder);
    assert.equal(after.path, before.path);
    assert.equal(after.evaluation.status, 'complete');
    assert.deepEqual(after.evaluation.steps.slice(0, done), before.evaluation.steps, 'what was there stays');
    assert.equal(after.evaluation.steps.length, 2 * (2 + 2 * 2));
    const names = after.evaluation.steps.map(({ phase, round, cell }) => `${phase} ${round} ${cell}`);
    assert.equal(new Set(names).size, names.length);
    assert.equal(after.evaluation.resumed_at.length, 1);
    assert.ok(after.evaluation.findings.some(({ code: one }) => one === 'broken-off'));
  });

  it('of mixed loads: each direction alone, then their shares beside each other; it goes on after a stop', async (t) => {
    const folder = diskFolder(t);
    const file = image(folder, 8);
    const args = ['evaluate', file, '--profile=mixed', '--map=3', '--round-time=200ms', '--quiet', '--yes'];
    await killedOnce(folder, args, '"missed"');
    const before = stored(folder);
    assert.equal(before.evaluation.status, 'interrupted');
    const resume = ['evaluate', `--resume=${before.path}`, '--quiet', '--yes'];
    const { code, stdout, stderr } = uringBench([...resume, '--report=html=map.html'], { cwd: folder });
    assert.equal(code, EXIT.ok, stderr);
    const { evaluation } = stored(folder);
    const done = before.evaluation.steps.length;
    assert.ok(done >= 4 && done < 11);
    assert.deepEqual(evaluation.steps.slice(0, done), before.evaluation.steps);
    const [, reads, writes, ...map] = evaluation.steps;
    assert.equal(map.length, 3 * 3 - 1);
    for (const { cell, load, read, write, iops } of map) {
      const [, r = 0, w = 0] = cell.split('-').map(Number);
      // Both rates are of what was measured alone, before the stop.
      assert.equal(load?.read_iops, Math.round((r / 2) * (reads?.iops ?? 0)));
      assert.equal(load?.write_iops, Math.round((w / 2) * (writes?.iops ?? 0)));
      assert.equal(read !== null, r > 0, cell);
      assert.equal(write !== null, w > 0, cell);
      assert.ok(iops <= 1.5 * ((load?.read_iops ?? 0) + (load?.write_iops ?? 0)), `${cell}: ${iops} IOPS`);
    }
    const shown = (text: string) =>
      text.split('\n').filter((line) => /p99 of (reads|writes) by the rates/.test(line));
    assert.equal(shown(stdout).length, 2);
    const missed = map.filter(({ load }) => load?.missed).length;
    assert.match(stdout, new RegExp(`: ${missed} of 8 cells missed a rate and are blank`));
    const html = readFileSync(join(folder, 'map.html'), 'utf8');
    assert.match(html, /<svg[^>]*>[\s\S]*p99 of reads by the rates of both/);
    const other = uringBench(['evaluate', file, '--map=3', '--yes'], { cwd: folder });
    assert.match(other.stderr, /profile=quick has no map/);
  });

  it('refuses what it cannot mean', (t) => {
    const folder = diskFolder(t);
    const says = (args: string[], message: RegExp): void => {
      const { code, stderr } = uringBench(['evaluate', ...args], { cwd: folder });
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, message);
    };
    says([], /evaluate what\?/);
    says(['nothing'], /nothing does not exist/);
    says(['.', '--profile=snia-iops'], /needs a device or a file that is there/);
    says(['.', '--profile=snia-iop'], /unknown profile 'snia-iop', did you mean 'snia-iops'|did you mean/);
    says(['.', '--profile=dirth'], /demand intensity and response time histogram, which is not there yet/);
    says(['.', '--read-only'], /there is nothing to read/);
    says(['.', '--scale=2'], /scale=2 is no share/);
    says(['.', '--purge=discard'], /purge=discard is for a device/);
    says(['.', '--destroy-device=/dev/null'], /is not what is evaluated/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('an evaluation of a device', { skip: noDisk || skipUnless('loop', 'ext4') }, () => {
  it('writes only where it was spelled out, and its bytes are the kernel’s', (t) => {
    const folder = diskFolder(t);
    const { device, image: file } = attach(t, image(folder, 16));
    const data = victim(file);
    const flow = ['evaluate', device, '--profile=snia-throughput', '--scale=1/2', '--max-rounds=1', ...SHORT];
    for (const consent of [[], ['--yes'], ['--destroy-device=/dev/other']]) {
      const { code, stderr } = uringBench([...flow, ...consent], { cwd: folder });
      assert.equal(code, EXIT.usage);
      assert.match(stderr, /destroy-device/);
    }
    const read = uringBench(['evaluate', device, '--read-only', ...SHORT], { cwd: folder });
    assert.equal(read.code, EXIT.ok, read.stderr);
    data.untouched();
    const only = stored(folder).evaluation;
    assert.equal(bytesOf(only, 'write'), 0);
    assert.ok(only.steps.every(({ kernel }) => kernel?.written_bytes === 0));
    run('rm', '-r', join(folder, 'results'));
    const { code, stderr, stdout } = uringBench([...flow, `--destroy-device=${device}`], { cwd: folder });
    assert.equal(code, EXIT.ok, stderr);
    const { evaluation } = stored(folder);
    assert.equal(evaluation.target.region_bytes, 8 * MIB);
    for (const { kernel, read: r, write: w } of evaluation.steps) {
      assert.equal(kernel?.written_bytes, w?.bytes ?? 0);
      // Looking for what is on the device reads some of it.
      assert.ok((kernel?.read_bytes ?? 0) - (r?.bytes ?? 0) >= 0);
    }
    assert.ok(bytesOf(evaluation, 'write') >= 4 * 8 * MIB);
    assert.equal(evaluation.health.absent, 'it is no NVMe drive');
    assert.match(stdout, /kernel's counters of the device, against ours: .* written \(0\.0%\)/);
    // The second half is not of the region.
    assert.deepEqual(readFileSync(device).subarray(8 * MIB), readFileSync(file).subarray(8 * MIB));
  });

  it('never writes to one that is mounted, whatever is said; purging it takes a flag', (t) => {
    const folder = diskFolder(t);
    const { device, image: file } = attach(t, image(folder, 16));
    const purge = ['evaluate', device, '--round-time=10ms', '--quiet', `--destroy-device=${device}`];
    const before = readFileSync(file).subarray(12 * MIB);
    const purged = uringBench([...purge, '--scale=1/2', '--purge=discard'], { cwd: folder });
    assert.equal(purged.code, EXIT.ok, purged.stderr);
    assert.ok(stored(folder).evaluation.purged_at !== null);
    assert.ok(
      readFileSync(file)
        .subarray(12 * MIB)
        .every((byte) => byte === 0),
    );
    assert.ok(before.some((byte) => byte !== 0));
    run('mkfs.ext4', '-q', device);
    const mounted = join(scratchFolder(t), 'mnt');
    run('mkdir', mounted);
    mountOn(t, mounted, device);
    const data = victim(file);
    const { code, stderr } = uringBench([...purge, '--yes'], { cwd: folder });
    assert.equal(code, EXIT.usage);
    assert.match(stderr, /is mounted on .*what is in use is never evaluated by writing/);
    data.untouched();
  });
});
