import assert from 'node:assert/strict';
import { it } from 'node:test';
import { specOf } from '../../options/option-reader.ts';
import { formats } from './index.ts';

it('has a format, whole, for every name of --output-format', () => {
  assert.deepEqual(Object.keys(formats), Object.keys(specOf('output-format').values ?? {}));
  for (const [name, format] of Object.entries(formats)) {
    assert.equal(typeof format.runs, 'function', name);
    assert.equal(typeof format.comparison, 'function', name);
    assert.ok(format.sweep === null || typeof format.sweep === 'function', name);
    assert.ok(format.between === null || typeof format.between === 'string', name);
    assert.equal(typeof format.forPeople, 'boolean', name);
  }
});
