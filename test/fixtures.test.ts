import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { mergeCounts, mergeLatencies, percentileKey, samples } from '../src/results/histogram.ts';
import { countedOps } from '../src/results/ops.ts';
import { ResultSchema } from '../src/results/schema.ts';
import { fixture, fixtureNames, fixtureText } from './fixtures/load.ts';

const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
// The schema as it is shipped: without what its TypeScript form carries beside it.
const validate = ajv.compile(JSON.parse(JSON.stringify(ResultSchema)));

for (const name of fixtureNames) {
  test(`${name}.json fits the schema`, () => {
    assert.ok(validate(JSON.parse(fixtureText(name))), ajv.errorsText(validate.errors));
  });

  test(`${name}.json is a result as a run leaves it`, () => {
    for (const { trials, summary } of fixture(name).backends) {
      for (const trial of trials) {
        const done = countedOps(trial);
        assert.equal(
          done.reduce((sum, { total_ios }) => sum + total_ios, 0),
          trial.total_ios,
        );
        for (const { lat_ns, total_ios } of done) assert.equal(lat_ns.N, total_ios);
        assert.equal(samples(mergeCounts(done.map(({ lat_ns }) => lat_ns.hdr))), trial.total_ios);
        if (trial.total_ios === 0) continue;
        // Little's law, which every real result obeys within a few percent.
        const { mean } = mergeLatencies(
          done.map(({ lat_ns }) => lat_ns),
          [],
        );
        const inFlight = (trial.iops * mean) / 1e9;
        assert.ok(Math.abs(inFlight / trial.effective_depth - 1) < 0.02, `${inFlight} in flight`);
      }
      if (summary) assert.ok(percentileKey(99.9) in summary.lat_ns.percentile);
    }
  });
}
