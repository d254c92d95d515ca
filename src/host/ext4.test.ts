import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockTree, plantTree, statOf } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { ext4WithoutJournal } from './ext4.ts';

test('the device of an ext4 without a journal, of files that are there and that are not', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    ...blockTree('8:1', 'pci/block/sda/sda1', { partition: '1' }),
    ...blockTree('8:2', 'pci/block/sda/sda2', { partition: '2' }),
    'sys/fs/ext4/sda1/journal_task': '<none>\n',
    'sys/fs/ext4/sda2/journal_task': '312\n',
  });
  const on = (dev: string) => ({ kind: 'directory' as const, dev });
  const host = { root, stat: statOf({ '/bare': on('8:1'), '/whole': on('8:2'), '/other': on('0:44') }) };
  assert.equal(ext4WithoutJournal('/bare', host), 'sda1');
  assert.equal(ext4WithoutJournal('/bare/new', host), 'sda1');
  assert.equal(ext4WithoutJournal('/whole/new', host), null);
  assert.equal(ext4WithoutJournal('/other', host), null);
  assert.equal(ext4WithoutJournal('/missing/new', host), null);
});
