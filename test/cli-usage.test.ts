/** Bad input, as a user meets it: one clear line, exit code 2, nothing created or changed. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { uringBench } from './support/cli.ts';
import { mount, scratchFolder, skipUnless } from './support/scratch.ts';

/** Short and small, should one of these ever run. */
const SMALL = ['--size=1m', '--runtime=100ms', '--trials=1'];

function refusedLine(cwd: string, args: readonly string[], uid?: number): string {
  const before = readdirSync(cwd, { recursive: true }).sort();
  const { code, stdout, stderr } = uringBench(args, { cwd, ...(uid === undefined ? {} : { uid }) });
  assert.equal(stdout, '', 'nothing on stdout');
  assert.match(stderr, /^uring-bench: [^\n]+\n$/, 'one line on stderr');
  assert.equal(code, 2, stderr);
  assert.deepEqual(readdirSync(cwd, { recursive: true }).sort(), before, 'nothing created');
  return stderr;
}

describe('bad options', () => {
  const cases: [args: string[], line: RegExp][] = [
    [['--iodept=8'], /unknown option '--iodept': did you mean '--iodepth'\?/],
    [['--randread'], /there is no option '?--randread'? \(here it is --rw=randread\)/],
    [['--block-size=8k'], /there is no option --block-size \(here it is --bs\)/],
    [['--rate-cycle=1000'], /there is no option --rate-cycle \(fio has it; not yet here\)/],
    [['help', 'threads'], /there is no option --threads \(here it is --numjobs\)/],
    [['bs=4k'], /unknown command 'bs=4k': did you mean '--bs=4k'\? \(options begin with --\)/],
    [['--rw=random'], /unknown value rw=random: did you mean 'randread' or 'randwrite'\? \(one of: read, /],
    [['--rw=rread'], /unknown value rw=rread: did you mean 'read'\?/],
    [['--backend=uring'], /unknown backend 'uring': did you mean 'io_uring'\?/],
    [['--backend=aio'], /unknown backend 'aio': did you mean 'posix-aio' or 'linux-aio'\?/],
    [['-x'], /unknown option '-x'/],
    [['--fixedbufs'], /--backend io_uring\+fixedbufs/],
    [['run'], /unknown command 'run' \(there are: ladder, show, report, ls, history, sweep, /],
    [['bakends'], /unknown command 'bakends': did you mean 'backends'\?/],
    [['--size'], /option '--size' needs a value/],
    [['--size=12q'], /size=12q is not a size \(like 4096, 4k, 64m or 1g\)/],
    [['--size=0'], /size=0 is out of range/],
    [['--size=99999p'], /size=99999p is too large/],
    [['--size=10%'], /^uring-bench: size=10% of \S+, which does not exist yet \(give a size in bytes\)$/m],
    [
      ['--bs=1MiB'],
      /^uring-bench: bs=1000000 is not a multiple of 512, .*; bs=1MiB was read as 1000000 bytes, as in fio\)$/m,
    ],
    [['--filesize=10%'], /cannot be a percentage/],
    [
      ['--size=120%'],
      /size=120% is not a percentage \(above 0 and up to 100, with six decimals at most, like 50%; or a size\)/,
    ],
    [['--bs=0'], /bs=0 is out of range/],
    [['--bs=4k/8k'], /bs=4k\/8k|4k\/8k is not a size/],
    [['--rw=randraed'], /unknown value rw=randraed: did you mean 'randread'\?/],
    [['--rw=randread:8'], /nothing may follow 'randread'/],
    [['--backend=io_urin'], /unknown backend 'io_urin': did you mean 'io_uring'\?/],
    [['--backend=io_uring+enhancd'], /io_uring has no feature 'enhancd': did you mean 'enhanced'\?/],
    [['--backend=posix-aio+fixedbufs'], /posix-aio has no feature 'fixedbufs'/],
    [['--backend=sync,psync'], /backend sync is given twice/],
    [['--backend='], /backend needs a value/],
    [['--reference=null'], /reference=null is not among the backends/],
    [
      ['--backend=io_uring', '--aio-threads=8'],
      /aio-threads has no effect on io_uring \(only on posix-aio\)/,
    ],
    [['--iodepth=0'], /iodepth=0 is out of range \(it must be from 1 to 32768\)/],
    [['--iodepth=32769'], /iodepth=32769 is out of range/],
    [['--numjobs=0'], /numjobs=0 is out of range/],
    [['--trials=0'], /trials=0 is out of range/],
    [['--runtime=0'], /runtime=0 is out of range/],
    [['--runtime=1x'], /runtime=1x is not a time/],
    [['--rwmixread=101'], /rwmixread=101 is out of range/],
    [['--nice=-21'], /nice=-21 is out of range/],
    [['--direct=maybe'], /direct=maybe is neither 1 nor 0/],
    [['--direct', '--buffered'], /direct=1 and buffered=1 contradict/],
    [['--time-based', '--number-ios=10'], /number-ios would have no effect with time-based/],
    [['--cpus-allowed=1000'], /cpus-allowed=1000: CPU 1000 does not exist or is offline \(online here: /],
    [['--cpus-allowed=5-2'], /is not a list of CPUs/],
    [['--cpus-allowed-policy=split'], /give --cpus-allowed/],
    [['--percentile-list=50:101'], /'101' is not a percentile/],
    [['--random-distribution=zipf:1'], /theta must be above 0 and other than 1/],
    [['--output-format=xml'], /unknown value output-format=xml/],
    [
      ['--output=no/such/folder/x'],
      /cannot write the report to no\/such\/folder\/x: no such file or directory \(mkdir -p no\/such\/folder\)/,
    ],
    [
      ['gate', '--baseline=no/base.json', '--update', '--', '--backend=null'],
      /cannot write the baseline to no\/base.json: no such file or directory \(mkdir -p no\)/,
    ],
    [['--output=.'], /output=\. is a directory/],
    [['--backend=io_uring,posix-aio', '--rw=trim'], /posix-aio cannot trim/],
    [['show'], /missing required argument 'RESULTS'/],
    [['show', 'no-such-file'], /cannot read no-such-file: no such file or directory/],
    [['show', '--iodepth=8', 'x'], /show has no option '--iodepth'/],
    [['backends', '--output-format=csv'], /backends has no output-format=csv/],
    [['doctor', '--output-format=csv'], /doctor has no output-format=csv/],
    [['doctor', '--iodepth=8'], /doctor has no option '--iodepth'/],
    [['backends', 'extra'], /too many arguments/],
  ];
  for (const [args, line] of cases) {
    it(`uring-bench ${args.join(' ')}`, (t) => {
      const run = args[0]?.startsWith('--');
      assert.match(refusedLine(scratchFolder(t), run ? [...SMALL, ...args] : args), line);
    });
  }
});

describe('bad targets', () => {
  const folderWith = (t: TestContext, ...files: string[]) => {
    const folder = scratchFolder(t);
    for (const file of files) writeFileSync(join(folder, file), Buffer.alloc(1 << 20, 7));
    return folder;
  };

  it('bs that direct I/O cannot have', (t) => {
    assert.match(refusedLine(scratchFolder(t), [...SMALL, '--bs=1000']), /bs=1000 is not a multiple of \d+/);
  });

  it('size smaller than bs', (t) => {
    assert.match(refusedLine(scratchFolder(t), ['--size=4k', '--bs=8k']), /smaller than bs=8k/);
  });

  it('a folder that is not there', (t) => {
    assert.match(
      refusedLine(scratchFolder(t), [...SMALL, '--directory=gone']),
      /gone.*(does not exist|no such)/,
    );
  });

  it('a folder as a file', (t) => {
    const folder = folderWith(t);
    mkdirSync(join(folder, 'sub'));
    assert.match(refusedLine(folder, [...SMALL, '--filename=sub']), /sub is a directory/);
  });

  it('a file that exists as the target of writes', (t) => {
    const folder = folderWith(t, 'data');
    const line = refusedLine(folder, [...SMALL, '--rw=randwrite', '--filename=data']);
    assert.match(line, /data.*--allow-overwrite/);
    assert.ok(
      readFileSync(join(folder, 'data')).every((byte) => byte === 7),
      'unchanged',
    );
  });

  it('trim of a file', (t) => {
    const folder = folderWith(t, 'data');
    assert.match(
      refusedLine(folder, [...SMALL, '--rw=trim', '--backend=sync', '--filename=data', '--allow-overwrite']),
      /data/,
    );
  });

  it('a folder of somebody else', { skip: skipUnless('nobody') }, (t) => {
    const folder = scratchFolder(t);
    const own = join(folder, 'own');
    mkdirSync(own);
    chmodSync(folder, 0o755);
    assert.match(refusedLine(own, SMALL, 65534), /permission denied/);
  });

  it('more than the disk holds', { skip: skipUnless('root') }, (t) => {
    const folder = mount(t, '-t', 'tmpfs', '-o', 'size=4m', 'none');
    assert.match(refusedLine(folder, ['--buffered', '--size=64m', '--runtime=100ms']), /64|space/);
  });
});

describe('a stored file that is none', () => {
  for (const [name, text, line] of [
    ['empty.json', '', /is empty/],
    ['not.json', '{', /is not JSON/],
    ['other.json', '{"fio version": "fio-3.33"}', /is not a uring-bench result/],
  ] as const) {
    it(name, (t) => {
      const folder = scratchFolder(t);
      writeFileSync(join(folder, name), text);
      assert.match(refusedLine(folder, ['show', name]), line);
    });
  }
});
