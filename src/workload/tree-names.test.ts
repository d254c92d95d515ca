import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemName } from './tree-names.ts';

test('items are spread over the directories of the last level, as native code does it', () => {
  const tree = { dirs: 3, levels: 2 };
  assert.equal(itemName(tree, 'unlink', 0, 17), 'd2/d2/f.0.17');
  assert.equal(itemName(tree, 'open', 4, 10), 'd1/d0/f.4.10');
  assert.equal(itemName(tree, 'rmdir', 1, 3), 'd0/d1/m.1.3');
  assert.equal(itemName({ dirs: 7, levels: 0 }, 'stat', 0, 9), 'f.0.9');
});
