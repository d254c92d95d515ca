import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indentedJson } from './json-text.ts';

test('intervals are a line each, everything else is as JSON.stringify has it', () => {
  const series = { interval_ns: 1, intervals: [{ start_ns: 0, ops: { read: { ios: 3 } } }, { start_ns: 1 }] };
  const text = indentedJson({ trials: [{ series, intervals: [] }], name: 'a\n"b' });
  assert.equal(
    text,
    `{
  "trials": [
    {
      "series": {
        "interval_ns": 1,
        "intervals": [
          {"start_ns":0,"ops":{"read":{"ios":3}}},
          {"start_ns":1}
        ]
      },
      "intervals": []
    }
  ],
  "name": "a\\n\\"b"
}`,
  );
});

test('any document is read back as it was', () => {
  const key = fc.constantFrom('intervals', 'series', 'a');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.array(tie('tree')),
      fc.dictionary(key, tie('tree')),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) =>
      assert.deepEqual(JSON.parse(indentedJson(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});
