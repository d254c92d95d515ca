import assert from 'node:assert/strict';
import { test } from 'node:test';
import { own } from './own.ts';

test('own: what every object inherits is in no table', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'valueOf', ''])
    assert.equal(own({ a: 1 }, name), undefined, name);
  assert.equal(own({ a: 1 }, 'a'), 1);
  assert.equal(own(JSON.parse('{"__proto__": 2}'), '__proto__'), 2);
});
