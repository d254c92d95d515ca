import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helpAskedFor, helpPage, PAGE_COLUMNS } from './help-page.ts';

describe('help that is rendered already', () => {
  it('is for lines that ask for nothing else', () => {
    const words = (line: string) => line.split(' ').filter(Boolean);
    for (const line of ['--help', '-h', 'help']) {
      assert.deepEqual(helpAskedFor([line]), { command: '', all: false });
      assert.deepEqual(helpAskedFor([line, '--all']), { command: '', all: true });
      assert.deepEqual(helpAskedFor(['--all', line]), { command: '', all: true });
    }
    for (const line of ['show --help', 'show -h', 'help show']) {
      assert.deepEqual(helpAskedFor(words(line)), { command: 'show', all: false });
      assert.deepEqual(helpAskedFor(words(`${line} --all`)), { command: 'show', all: true });
    }
    const others = [
      '',
      '--bs=4k',
      'show',
      'show a --help',
      '--bs 4k --help',
      'help show me',
      '--all',
      'show --all',
    ];
    for (const line of [...others, '--help --all --all']) {
      assert.equal(helpAskedFor(words(line)), undefined, line);
    }
  });

  it('is for one width, from a build, and for names of commands', () => {
    assert.equal(helpPage(['--help'], PAGE_COLUMNS + 1), undefined);
    assert.equal(helpPage(['help', '../cli/main'], PAGE_COLUMNS), undefined);
    assert.equal(helpPage(['help', 'shwo'], PAGE_COLUMNS), undefined);
    // Sources have no pages: what a build has stands in test/start.test.ts.
    assert.equal(helpPage(['--help'], PAGE_COLUMNS), undefined);
  });
});
