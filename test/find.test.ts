/** Stored results found again: `ls`, `show --best`, `compare` of several sides, and operands as all of them take them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EXIT } from '../src/errors.ts';
import { parseResult } from '../src/results/read.ts';
import type { RunResult } from '../src/results/schema.ts';
import { fixture } from './fixtures/load.ts';
import { uringBench } from './support/cli.ts';
import { changedRun } from './support/comparison.ts';
import { scratchFolder } from './support/scratch.ts';

function labelled(result: RunResult, labels: Record<string, string>, host = 'bench01'): RunResult {
  return { ...result, labels, environment: { ...result.environment, hostname: host } };
}

function twiceAsFast(result: RunResult): RunResult {
  for (const { summary } of result.backends) if (summary !== null) summary.iops.median *= 2;
  return result;
}

/** A folder `results` with five results, and two files that are none. */
function folderOf(t: TestContext): string {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'results'));
  const results: Record<string, RunResult> = {
    a: labelled(fixture('single'), { disk: 'new' }),
    b: labelled(fixture('mixed'), { disk: 'old' }, 'web7'),
    c: fixture('comparison'),
    d: { ...twiceAsFast(fixture('comparison')), started_at: '2026-11-23T09:00:00.000Z' },
    e: fixture('interrupted'),
  };
  for (const [name, result] of Object.entries(results)) {
    writeFileSync(join(folder, 'results', `${name}.json`), JSON.stringify(result));
  }
  writeFileSync(join(folder, 'results', 'broken.json'), '{ no');
  writeFileSync(join(folder, 'results', 'empty.json'), '');
  writeFileSync(join(folder, 'results', 'README.md'), '# not a result');
  return folder;
}

function ls(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = uringBench(['ls', '--output-format=json', ...args], { cwd: folder });
  assert.equal(code, EXIT.ok, stderr);
  const rows = JSON.parse(stdout) as Record<string, unknown>[];
  return {
    rows,
    files: rows.map(({ file }) => String(file).replace(/^results\/|\.json$/g, '')).join(''),
    stderr,
  };
}

describe('ls', () => {
  it('lists the folder results, by date, with a line for each file that is no result', (t) => {
    const folder = folderOf(t);
    const { rows, files, stderr } = ls(folder);
    assert.equal(files, 'abced');
    assert.equal(stderr.trimEnd().split('\n').length, 2);
    assert.match(stderr, /broken\.json is not JSON/);
    assert.match(stderr, /empty\.json is empty/);
    assert.deepEqual(rows[0]?.backends, { io_uring: 812_000 });
    assert.deepEqual(rows[0]?.labels, { disk: 'new' });
    const table = uringBench(['ls'], { cwd: folder });
    assert.match(table.stdout, /^date +workload +backends\n/);
    assert.match(table.stdout, /\nthe same in all: device nvme0n1 INTEL SSDPE21D280GA\n/);
    for (const line of table.stdout.split('\n')) assert.ok(line.length <= 100, line);
  });

  it('finds by options, facts, labels and metrics', (t) => {
    const folder = folderOf(t);
    for (const [wanted, ...conditions] of [
      ['a', 'bs=1k'],
      ['bced', 'iodepth>=8'],
      ['a', 'iodepth<8'],
      ['b', 'host=web*'],
      ['aced', 'host!=web*'],
      ['a', 'disk=new'],
      ['a', 'label_disk=new'],
      ['ced', 'backend=sync'],
      ['ced', 'rw=randread', 'direct=1'],
      ['ad', 'iops>600k'],
      ['ab', 'disk=*'],
      ['a', 'lat_p99<5us'],
      ['d', 'date=2026-11-23'],
      ['abce', 'date<2026-11-23'],
      ['e', 'status=interrupted'],
      ['abced', 'device=nvme0n1*'],
      ['', 'bs=64k'],
      // Of one backend: the fast one is not sync.
      ['', 'backend=sync', 'iops>200k'],
    ] as const) {
      const args = conditions.map((condition) => `--where=${condition}`);
      assert.equal(ls(folder, ...args).files, wanted, conditions.join(' and '));
    }
    const only = ls(folder, '--where=backend=io_uring+enhanced', 'results/c.json').rows[0];
    assert.deepEqual(Object.keys(only?.backends as object), ['io_uring+enhanced']);
  });

  it('sorts by metrics, options and labels, those without a value last', (t) => {
    const folder = folderOf(t);
    assert.equal(ls(folder, '--sort=-iops').files, 'daceb');
    assert.equal(ls(folder, '--sort=iops').files, 'becad');
    assert.equal(ls(folder, '--sort=disk').files, 'abced');
    assert.equal(ls(folder, '--sort=-iodepth', '--where=disk=*').files, 'ba');
    const { rows } = ls(folder, '--sort=lat_p99', '--columns=backend,lat_p99');
    const latencies = rows.map((row) => Number(row.lat_p99));
    assert.deepEqual(
      latencies,
      [...latencies].sort((a, b) => a - b),
    );
  });

  it('shows the columns that are asked for, also as CSV', (t) => {
    const folder = folderOf(t);
    const { stdout } = uringBench(
      ['ls', 'results/a.json', '--columns=file,bs,disk,backend,iops', '--output-format=csv'],
      { cwd: folder },
    );
    assert.equal(stdout, 'file,bs,disk,backend,iops\nresults/a.json,1024,new,io_uring,812000\n');
  });

  it('says what it does not know', (t) => {
    const folder = folderOf(t);
    for (const [args, message] of [
      [['--where=nonsense'], /^uring-bench: where=nonsense is no condition \(KEY=VALUE/],
      [['--where=iodpth>=8'], /no result has a label iodpth, .*did you mean 'iodepth'\?$/m],
      [['--where=bs=4z'], /bs=4z is not a size/],
      [['--where=slat_p99>5'], /lists are made of summaries/],
      [['--output-format=junit'], /ls has no output-format=junit/],
      [['nowhere'], /^uring-bench: cannot read nowhere: no such file/],
    ] as const) {
      const { code, stderr } = uringBench(['ls', ...args], { cwd: folder });
      assert.match(stderr, message);
      assert.equal(code, args[0] === 'nowhere' ? EXIT.ok : EXIT.usage, stderr);
    }
    const empty = scratchFolder(t);
    mkdirSync(join(empty, 'results'));
    assert.match(uringBench(['ls'], { cwd: empty }).stderr, /results has no results/);
  });
});

describe('operands', () => {
  it('are files, folders, patterns and lists, in every command', (t) => {
    const folder = folderOf(t);
    for (const operands of [
      ['results/a.json', 'results/b.json'],
      ['results/a.json,results/b.json'],
      ['results/[ab].json'],
      ['results/[ab].json,results/a.json'],
    ]) {
      assert.equal(ls(folder, ...operands).files, 'ab', operands.join(' '));
      const shown = uringBench(['show', ...operands, '--output-format=bencher'], { cwd: folder });
      assert.equal(Object.keys(JSON.parse(shown.stdout)).length, 4, shown.stderr);
    }
    mkdirSync(join(folder, 'side'));
    writeFileSync(join(folder, 'side', '1.json'), JSON.stringify(fixture('comparison')));
    const { code, stderr } = uringBench(['compare', 'side', 'results/d.json'], { cwd: folder });
    assert.equal(code, EXIT.ok, stderr);
  });
});

describe('show --best', () => {
  it('shows the one result that is best, and says which', (t) => {
    const folder = folderOf(t);
    const good = ['results/a.json', 'results/b.json', 'results/c.json'];
    for (const [args, best] of [
      [['--best', ...good], /^best iops of 3 results: io_uring, 812,000 IOPS: results\/a\.json$/m],
      [['--best=bw', ...good], /^best bw of 3 results: io_uring\+enhanced, .*: results\/c\.json$/m],
      [['--best=lat_p99', ...good], /^best lat_p99 of 3 results: io_uring, 2,091 ns: results\/a\.json$/m],
    ] as const) {
      const { code, stdout, stderr } = uringBench(['show', '--output-format=json', ...args], { cwd: folder });
      assert.equal(code, EXIT.ok, stderr);
      assert.match(stderr, best);
      parseResult(stdout, 'one result');
    }
  });
});

describe('compare of several sides', () => {
  const kernels = ['6.1.0', '6.6.0', '6.12.0'];

  function sides(t: TestContext): string {
    const folder = scratchFolder(t);
    for (const [at, kernel] of kernels.entries()) {
      const result = changedRun(fixture('comparison'), 1 - at * 0.1, `2026-11-2${at}T09:00:00.000Z`);
      result.environment.kernel = kernel;
      writeFileSync(join(folder, `${at}.json`), JSON.stringify(result));
    }
    return folder;
  }

  it('is one table, named by what the sides differ in, with the first as reference', (t) => {
    const folder = sides(t);
    const { code, stdout } = uringBench(['compare', '0.json', '1.json', '2.json', '--metric=iops'], {
      cwd: folder,
    });
    assert.equal(code, EXIT.ok);
    assert.match(stdout, /^backend +metric +6\.1\.0 +± +6\.6\.0 +change +6\.12\.0 +change/m);
    assert.match(stdout, /^io_uring +iops .* -10\.0% .* -20\.0%$/m);
    assert.match(stdout, /^changes are against 6\.1\.0$/m);
  });

  it('judges each, and fails when one got worse', (t) => {
    const folder = sides(t);
    const args = ['compare', '0.json', '1.json', '2.json', '--metric=iops', '--fail-on=iops<-15%'];
    const { code, stdout } = uringBench(args, { cwd: folder });
    assert.equal(code, EXIT.regression);
    assert.match(stdout, /^6\.6\.0: no regression/m);
    assert.match(stdout, /^6\.12\.0: REGRESSION/m);
    const csv = uringBench([...args, '--output-format=csv'], { cwd: folder });
    const [head, ...rows] = csv.stdout.trimEnd().split('\n');
    assert.match(head ?? '', /,side$/);
    assert.equal(rows.length, 2 * fixture('comparison').backends.length);
    assert.match(csv.stderr, /2\.json: regression: /);
    const json = JSON.parse(uringBench([...args, '--output-format=json'], { cwd: folder }).stdout);
    assert.equal(json.length, 2);
    const markdown = uringBench([...args, '--output-format=markdown'], { cwd: folder }).stdout;
    assert.match(markdown, /^\| backend \| metric \| 6\.1\.0 \|/m);
    assert.match(
      uringBench([...args, '--output-format=junit'], { cwd: folder }).stderr,
      /3 sides have no output-format=junit/,
    );
  });
});

describe('labels of a run', () => {
  const RUN = ['--backend=null', '--number-ios=100', '--size=64k', '--quiet', '--output-format=csv'];

  it('are stored, shown, and found; the file is named for what was run', (t) => {
    const folder = scratchFolder(t);
    const run = uringBench(
      [...RUN, '--iodepth=4', '--label=disk=new', '--label', 'rack-row=a 7', '--note=first try'],
      { cwd: folder },
    );
    assert.equal(run.code, EXIT.ok, run.stderr);
    assert.match(run.stdout, /,label_disk,label_rack_row\n/);
    const [file = ''] = readdirSync(join(folder, 'results'));
    assert.match(file, /Z-randread-4k-qd4-null\.json$/);
    const shown = uringBench(['show', `results/${file}`], { cwd: folder }).stdout;
    assert.match(shown, /^labels +disk=new, rack_row=a 7$/m);
    assert.match(shown, /^note +first try$/m);
    assert.equal(ls(folder, '--where=rack-row=a 7', '--where=note=first*').rows.length, 1);
  });

  it('are refused when they are none, before anything is made', (t) => {
    const folder = scratchFolder(t);
    for (const label of ['disk', 'disk=', '7a=b', '=x', 'a b=c']) {
      const { code, stderr } = uringBench([...RUN, `--label=${label}`], { cwd: folder });
      assert.equal(code, EXIT.usage, label);
      assert.match(stderr, /^uring-bench: label=.*\n$/);
    }
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('a folder for results that cannot be made', () => {
  it('is told in one line, before anything is run', { timeout: 60_000 }, (t) => {
    const folder = scratchFolder(t);
    writeFileSync(join(folder, 'file'), '');
    for (const dir of ['/proc/x', '/proc/x/y', '/proc/self/a/b/c', '/sys/kernel/a/b', 'file/x', 'file/x/y']) {
      const args = ['--backend=null', '--number-ios=1', '--size=64k', '--quiet', `--results-dir=${dir}`];
      const { code, stderr } = uringBench(args, { cwd: folder });
      assert.equal(code, EXIT.usage, `${dir}: ${stderr}`);
      assert.match(stderr, /^uring-bench: cannot store results in [^\n]*\n$/);
    }
    assert.deepEqual(readdirSync(folder), ['file']);
  });
});

describe('help', () => {
  it('knows options, and short words', () => {
    for (const name of ['iodepth', '--iodepth']) {
      assert.match(
        uringBench(['help', name]).stdout,
        /^--iodepth N\n {2}I\/Os that each job keeps in flight\./,
      );
    }
    assert.match(uringBench(['-v']).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match(uringBench(['--bssplit=4k/50']).stderr, /no option --bssplit \(fio has it; not yet here\)/);
  });

  it("says that fio's job files are not read yet", () => {
    const { code, stderr } = uringBench(['random.fio']);
    assert.equal(code, EXIT.usage);
    assert.match(stderr, /^uring-bench: random\.fio: fio's job files are not read yet \(/);
  });

  it('lists backends on 80 columns', () => {
    for (const line of uringBench(['backends']).stdout.split('\n')) assert.ok([...line].length <= 80, line);
  });
});
