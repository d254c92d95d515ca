import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  costOf,
  missingProfiles,
  type ProfileName,
  phasesOf,
  profiles,
  writes,
} from './evaluate-profiles.ts';

const GIB = 2 ** 30;
const MINUTE_NS = 60e9;
const plain = { regionBytes: 64 * GIB, readOnly: false, roundNs: null, rounds: null, map: null };
const names = Object.keys(profiles) as ProfileName[];

describe('the profiles', () => {
  for (const name of names) {
    it(`${name} has phases and cells with names of their own, and tracks cells that it measures`, () => {
      const phases = phasesOf(profiles[name], plain);
      assert.equal(new Set(phases.map((phase) => phase.name)).size, phases.length);
      for (const { cells, steady } of phases) {
        const ids = cells.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
        for (const id of steady?.cells ?? []) assert.ok(ids.includes(id), id);
        for (const { bs, iodepth, numjobs, trials } of cells) assert.ok(bs * iodepth * numjobs * trials > 0);
      }
      // The same id is the same workload, whatever phase it stands in.
      const byId = new Map<string, string>();
      for (const cell of phases.flatMap(({ cells }) => cells)) {
        const { runtime_ns: _, trials: __, ...workload } = cell;
        const text = JSON.stringify(workload);
        assert.equal(byId.get(cell.id) ?? text, text);
        byId.set(cell.id, text);
      }
    });

    it(`${name}: its reading half writes nothing`, () => {
      const phases = phasesOf(profiles[name], { ...plain, readOnly: true });
      assert.ok(phases.every(({ cells }) => cells.length > 0 && !cells.some(writes)));
      assert.equal(phases.length === 0, name === 'snia-wsat');
      assert.equal(costOf(phases, GIB).passBytes, 0);
      assert.equal(costOf(phases, GIB).writingNs, 0);
    });
  }

  it('SNIA: IOPS are 7 mixes x 8 sizes of a minute, at most 25 rounds, after twice the capacity', () => {
    const [first, rounds] = phasesOf(profiles['snia-iops'], plain);
    assert.equal(first?.rounds, 2);
    assert.deepEqual(
      first?.cells.map(({ rw, bs, runtime_ns }) => ({ rw, bs, runtime_ns })),
      [{ rw: 'write', bs: 128 * 1024, runtime_ns: null }],
    );
    assert.equal(rounds?.cells.length, 56);
    assert.equal(rounds?.rounds, 25);
    assert.ok(rounds?.cells.every(({ runtime_ns }) => runtime_ns === MINUTE_NS));
    const { cells: tracked, ...rule } = rounds?.steady ?? { cells: [] };
    assert.deepEqual(rule, { metric: 'iops', rounds: 5, range: 0.2, excursion: 0.1, ends: true });
    assert.deepEqual(tracked, ['randread-1m-q16t2', 'randrw-65-64k-q16t2', 'randwrite-4k-q16t2']);
    const cost = costOf(
      [first, rounds].flatMap((phase) => phase ?? []),
      64 * GIB,
    );
    assert.deepEqual(cost, {
      passBytes: 128 * GIB,
      timedNs: 25 * 56 * MINUTE_NS,
      writingNs: 25 * 48 * MINUTE_NS,
    });
  });

  it('SNIA: saturation ends at 4 x the capacity or after a day, not where it settles', () => {
    const [phase] = phasesOf(profiles['snia-wsat'], plain);
    assert.equal(phase?.write_bytes_max, 4 * plain.regionBytes);
    assert.equal(phase?.rounds, 24 * 60);
    assert.equal(phase?.steady?.ends, false);
  });

  it('quick takes less than 5 minutes of measuring', () => {
    const { timedNs } = costOf(phasesOf(profiles.quick, plain), 2 * GIB);
    assert.ok(timedNs > 2 * MINUTE_NS && timedNs < 4.5 * MINUTE_NS, String(timedNs));
  });

  it('what is not there is no profile', () => {
    for (const name of Object.keys(missingProfiles)) assert.ok(!(name in profiles), name);
  });
});
