import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UB } from '../native/abi.ts';
import {
  countedOperations,
  isOnly,
  isTree,
  operations,
  operationsOf,
  type RwMode,
  rwModes,
} from './operations.ts';

test('the table has every operation of the ABI, in its order', () => {
  assert.deepEqual(
    operations.map(({ id }) => id),
    Array.from({ length: UB.OPS }, (_, id) => id),
  );
});

test('what changes a file needs it open for writing', () => {
  for (const { name, changes, opens } of operations) {
    assert.ok(!changes || opens === 'write', name);
  }
});

test('every mode is made of operations that count, each once', () => {
  for (const mode of Object.keys(rwModes) as RwMode[]) {
    const own = operationsOf(mode);
    assert.equal(own.length, rwModes[mode].operations.length, mode);
    assert.ok(own.length > 0 && own.every((operation) => countedOperations.includes(operation)), mode);
    assert.equal(rwModes[mode].random, mode.startsWith('rand'));
    const kind = isTree(mode) ? 'tree' : 'data';
    assert.ok(
      own.every((operation) => operation.kind === kind) && (kind === 'data' || own.length === 1),
      mode,
    );
  }
  assert.ok(isOnly('randwrite', 'write') && !isOnly('randrw', 'write') && !isOnly('read', 'write'));
});
