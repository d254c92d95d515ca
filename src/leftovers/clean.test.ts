import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { run, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { victim } from '../../test/support/victim.ts';
import { library, lockFile } from '../native/library.ts';
import { cleanFolder, traceOf } from './clean.ts';
import { type EntryKind, headLine, madeLine, makeLine, markerName, temporaryPrefix } from './marker.ts';
import { identityIn, OwnFiles } from './own-files.ts';
import { type Owner, thisProcess } from './owner.ts';

library();

const ID = '0123456789abcdef01234567';
/** Of a process of this boot that has ended: its number is ours by now. */
const DEAD: Owner = { ...thisProcess(), start: '1' };

function line(folder: string, name: string, kind: EntryKind = 'file'): string {
  return madeLine(kind, name, identityIn(lstatSync(join(folder, name), { bigint: true })));
}

/** A marker as a killed run leaves it. */
function mark(folder: string, lines: string, owner: Owner = DEAD): string {
  const path = join(folder, markerName(ID));
  writeFileSync(path, headLine(owner, '2026-11-29T19:00:00.000Z') + lines, { mode: 0o600 });
  return path;
}

function file(folder: string, name: string, content = 'data'): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** Of each file what became of it. */
const states = (folder: string): string[] =>
  cleanFolder(folder).map(({ path, state }) => `${state} ${path.slice(folder.length + 1)}`);

describe('what a killed run left', () => {
  it('goes, with what it was going to rename and its marker', (t) => {
    const folder = scratchFolder(t);
    file(folder, 'a');
    file(folder, 'empty', '');
    mkdirSync(join(folder, 'results'));
    file(folder, `${temporaryPrefix(ID)}ab.tmp`);
    const mine = victim(file(folder, `.uring-bench-${'0'.repeat(24)}.tmp`));
    mark(folder, line(folder, 'a') + line(folder, 'empty', 'empty') + line(folder, 'results', 'folder'));
    assert.match(
      traceOf(join(folder, 'a')) ?? '',
      /^it was left by a run that was killed \(pid \d+, 2026-11-29 19:00 UTC\)/,
    );
    assert.equal(cleanFolder(folder, { dryRun: true }).length, 4);
    assert.equal(readdirSync(folder).length, 6);
    assert.deepEqual(new Set(states(folder).map((one) => one.split(' ')[0])), new Set(['removed']));
    assert.deepEqual(readdirSync(folder), [`.uring-bench-${'0'.repeat(24)}.tmp`]);
    mine.untouched();
  });

  it('stays where it has become worth something, or its name was given', (t) => {
    const folder = scratchFolder(t);
    const kept = ['result', 'named'].map((name) => victim(file(folder, name)));
    mkdirSync(join(folder, 'results'));
    file(folder, 'results/one');
    mark(
      folder,
      line(folder, 'result', 'empty') + line(folder, 'named', 'named') + line(folder, 'results', 'folder'),
    );
    assert.deepEqual(states(folder), ['left named']);
    for (const one of kept) one.untouched();
    assert.deepEqual(readdirSync(folder).sort(), ['named', 'result', 'results']);
  });

  it('between the line before and the file itself, goes when nothing is in it', async (t) => {
    const folder = scratchFolder(t);
    file(folder, 'older', '');
    mark(folder, makeLine('file', 'older'));
    assert.deepEqual(states(folder), ['left older'], 'it was there before');
    mark(folder, makeLine('file', 'new'));
    file(folder, 'new', '');
    assert.deepEqual(states(folder), ['removed new']);
    mark(folder, makeLine('file', 'full'));
    file(folder, 'full');
    assert.deepEqual(states(folder), ['left full']);
  });
});

/** What others could put into a folder, each with what must be as it was. */
const hostile: Record<string, (t: TestContext, folder: string) => string[]> = {
  'a file with another name besides': (_, folder) => {
    linkSync(file(folder, 'mine'), join(folder, 'other'));
    mark(folder, line(folder, 'mine'));
    return ['mine', 'other'];
  },
  'a link in place of the file': (_, folder) => {
    file(folder, 'mine');
    file(folder, 'a');
    mark(folder, line(folder, 'a'));
    unlinkSync(join(folder, 'a'));
    symlinkSync('mine', join(folder, 'a'));
    return ['mine', 'a'];
  },
  'the identity of the link itself': (_, folder) => {
    file(folder, 'mine');
    symlinkSync('mine', join(folder, 'a'));
    mark(folder, line(folder, 'a'));
    return ['mine', 'a'];
  },
  'another file under its name': (_, folder) => {
    file(folder, 'a');
    file(folder, 'mine');
    mark(folder, line(folder, 'a'));
    renameSync(join(folder, 'mine'), join(folder, 'a'));
    return ['a'];
  },
  'the inode, used again': (_, folder) => {
    file(folder, 'mine');
    const { ino, birthtimeNs } = lstatSync(join(folder, 'mine'), { bigint: true });
    mark(folder, madeLine('file', 'mine', { inode: ino, born: birthtimeNs - 1n }));
    return ['mine'];
  },
  'a name in another folder': (t, folder) => {
    const other = scratchFolder(t);
    file(other, 'mine');
    file(folder, 'a');
    mark(folder, line(folder, 'a').replace('"a"', JSON.stringify(join(other, 'mine'))));
    return ['a', join(other, 'mine')];
  },
  'a name above': (_, folder) => {
    mkdirSync(join(folder, 'below'));
    file(folder, 'mine');
    mark(folder, line(folder, 'mine').replace('"mine"', '"below/../mine"'));
    return ['mine'];
  },
  'a directory': (_, folder) => {
    mkdirSync(join(folder, 'mine'));
    mark(folder, line(folder, 'mine'));
    return ['mine'];
  },
  'a marker that others may write to': (_, folder) => {
    file(folder, 'mine');
    chmodSync(mark(folder, line(folder, 'mine')), 0o666);
    return ['mine'];
  },
  'a marker from another folder': (t, folder) => {
    const other = scratchFolder(t);
    file(folder, 'mine');
    linkSync(mark(other, line(folder, 'mine')), join(folder, markerName(ID)));
    return ['mine'];
  },
  'a link to a marker': (t, folder) => {
    file(folder, 'mine');
    symlinkSync(mark(scratchFolder(t), line(folder, 'mine')), join(folder, markerName(ID)));
    return ['mine'];
  },
  'a FIFO as a marker': (_, folder) => {
    run('mkfifo', join(folder, markerName(ID)));
    return [file(folder, 'mine')];
  },
  'a marker with a line of another kind': (_, folder) => {
    file(folder, 'mine');
    mark(folder, `${line(folder, 'mine')}remove everything\n`);
    return ['mine'];
  },
  'a marker of a process at work': (_, folder) => {
    file(folder, 'mine');
    mark(folder, line(folder, 'mine'), thisProcess());
    return ['mine'];
  },
  'a marker that is locked': (t, folder) => {
    file(folder, 'mine');
    const fd = openSync(mark(folder, line(folder, 'mine')), 'r+');
    t.after(() => closeSync(fd));
    assert.equal(lockFile(fd), 0);
    return ['mine'];
  },
};

const hostileToRoot: Record<string, (t: TestContext, folder: string) => string[]> = {
  "somebody's marker for a file of root": (_, folder) => {
    file(folder, 'mine');
    chownSync(mark(folder, line(folder, 'mine')), 1234, 1234);
    return ['mine'];
  },
  "somebody's marker for a file of theirs": (_, folder) => {
    chownSync(file(folder, 'mine'), 1234, 1234);
    chownSync(mark(folder, line(folder, 'mine')), 1234, 1234);
    return ['mine'];
  },
  "root's marker for somebody's file": (_, folder) => {
    chownSync(file(folder, 'mine'), 1234, 1234);
    mark(folder, line(folder, 'mine'));
    return ['mine'];
  },
  'a file that is mounted there': (t, folder) => {
    file(folder, 'a');
    const mine = file(scratchFolder(t), 'mine');
    mark(folder, line(folder, 'a'));
    run('mount', '--bind', mine, join(folder, 'a'));
    t.after(() => run('umount', join(folder, 'a')));
    return ['a', mine];
  },
};

describe('what others put there', () => {
  const tests = { ...hostile, ...(skipUnless('root') ? {} : hostileToRoot) };
  for (const [what, make] of Object.entries(tests)) {
    it(`${what} removes nothing`, (t) => {
      const folder = scratchFolder(t);
      const paths = make(t, folder).map((path) => (path.startsWith('/') ? path : join(folder, path)));
      const kept = paths.filter((path) => statSync(path).isFile()).map(victim);
      const before = readdirSync(folder).filter((name) => name !== markerName(ID));
      for (let i = 0; i < 2; i++) {
        assert.ok(
          cleanFolder(folder).every(({ state }) => state !== 'removed'),
          what,
        );
      }
      for (const path of paths) assert.ok(lstatSync(path), path);
      for (const one of kept) one.untouched();
      assert.deepEqual(
        readdirSync(folder).filter((name) => name !== markerName(ID)),
        before,
      );
    });
  }

  it('does not keep a marker that is damaged from being told', (t) => {
    const folder = scratchFolder(t);
    const path = mark(folder, 'what\n');
    const [outcome, ...others] = cleanFolder(folder);
    assert.deepEqual(outcome, { path, bytes: 0, state: 'failed', why: 'it is damaged' });
    assert.deepEqual(others, []);
  });
});

test('a marker is there as long as there is something to clean', (t) => {
  const folder = scratchFolder(t);
  const files = new OwnFiles();
  const markers = () => readdirSync(folder).filter((name) => name.endsWith('.run'));
  const [one, two, named] = ['one', 'two\n"', 'named'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [one, two]) closeSync(files.create(path, 'file'));
  closeSync(files.create(named, 'named'));
  assert.equal(markers().length, 1);
  assert.throws(() => files.create(one, 'file'), { code: 'EEXIST' });
  assert.equal(markers().length, 1);
  assert.match(traceOf(two) ?? '', /^it is of a run that is at work/);
  assert.match(cleanFolder(folder)[0]?.why ?? '', /its run is at work \(pid \d+\)/);
  files.forget(one);
  assert.notEqual(traceOf(one), null, 'what is there is not forgotten');
  for (const path of [one, two]) {
    unlinkSync(path);
    files.forget(path);
  }
  assert.equal(markers().length, 1);
  files.keep(named);
  assert.deepEqual(readdirSync(folder), ['named']);
  const temporary = files.temporary(join(folder, 'x'));
  assert.equal(markers().length, 1);
  temporary.release();
  assert.deepEqual(markers(), []);
  assert.deepEqual(files.takeTroubles(), []);
});

test('where there can be no marker a run goes on, and says so once', (t) => {
  if (process.geteuid?.() !== 0 || skipUnless('root')) return t.skip('needs root');
  const folder = join(scratchFolder(t), 'sys');
  const files = new OwnFiles();
  mkdirSync(folder);
  // A file system in which names end before a marker's.
  run('mount', '-t', 'tmpfs', '-o', 'nr_inodes=2', 'none', folder);
  t.after(() => run('umount', folder));
  writeFileSync(join(folder, 'last'), '');
  assert.throws(() => files.create(join(folder, 'a'), 'file'), { code: 'ENOSPC' });
  assert.ok(!existsSync(join(folder, 'a')));
  assert.match(
    files.takeTroubles()[0] ?? '',
    /^in \S+ a run that is killed leaves its files: no marker for them: no space/,
  );
  assert.deepEqual(files.takeTroubles(), []);
  unlinkSync(join(folder, 'last'));
  closeSync(files.create(join(folder, 'a'), 'file'));
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), '');
});
