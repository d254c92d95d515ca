import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { syntheticSweep } from '../../../test/fixtures/synthetic-runs.ts';
import { refused } from '../../../test/support/refused.ts';
import { kneeLines } from './sweep-curves.ts';
import { statusLine, sweepNotes } from './sweep-notes.ts';
import { parseLimit, reportSettings, shortMarginText, sweepView } from './sweep-view.ts';

describe('a latency limit', () => {
  it('is a latency and a time', () => {
    const limit = (text: string) => parseLimit('latency-limit', text);
    assert.deepEqual(limit('p99:500us'), { metric: 'lat_p99', ns: 500_000 });
    assert.deepEqual(limit('p99.9:1.5ms'), { metric: 'lat_p99.9', ns: 1_500_000 });
    assert.deepEqual(limit('mean:200'), { metric: 'lat_mean', ns: 200_000 });
    assert.deepEqual(limit('max:1s'), { metric: 'lat_max', ns: 1e9 });
    assert.deepEqual(limit('clat_p50:20us'), { metric: 'clat_p50', ns: 20_000 });
    refused(() => limit('500us'), /latency-limit=500us is not WHAT:TIME/);
    refused(() => limit('p99:'), /is not a time/);
    refused(() => limit('p99:0'), /nothing takes no time/);
    refused(() => limit('p101:1ms'), /there is no such metric/);
    refused(() => limit('iops:1ms'), /iops is not a latency/);
    refused(() => limit('median:1ms'), /there is no such metric/);
  });
});

describe('what a report shows', () => {
  const stored = { metrics: ['bw'], latency_limit: { metric: 'lat_p50', ns: 7000 }, knee_gain_pct: 20 };

  it('is what was asked for, else what is stored, else the usual', () => {
    assert.deepEqual(reportSettings({}, stored), stored);
    const usual = reportSettings({}, null);
    assert.deepEqual([usual.latency_limit, usual.knee_gain_pct], [null, 10]);
    const asked = reportSettings(
      { metric: ['iops', 'lat_p99.90'], 'latency-limit': 'p99:1ms', 'knee-gain': 5 },
      stored,
    );
    assert.deepEqual(asked, {
      metrics: ['iops', 'lat_p99.9'],
      latency_limit: { metric: 'lat_p99', ns: 1_000_000 },
      knee_gain_pct: 5,
    });
    refused(() => reportSettings({ metric: ['ipos'] }, null), /there is no such metric: did you mean 'iops'/);
  });

  it('shows intervals of several trials', () => {
    const estimate = { median: 100, low: 90, high: 105, confidence: 0.95, min: 90, max: 105, n: 6 };
    assert.equal(shortMarginText(estimate), '±10%');
    assert.equal(shortMarginText({ ...estimate, low: 99.7, high: 100.1 }), '±0.3%');
    assert.equal(shortMarginText({ ...estimate, low: 100, high: 100 }), '±0%');
    assert.equal(shortMarginText({ ...estimate, n: 1 }), '');
    assert.equal(shortMarginText({ ...estimate, median: 0, low: 0, high: 0 }), '±0%');
  });
});

describe('the knees of a sweep', () => {
  const sweep = syntheticSweep();
  const view = sweepView(sweep.report);

  it('are those of the device: full at a depth of 8', () => {
    const lines = kneeLines(sweep, view);
    assert.equal(lines[0], 'Knee: after it IOPS grow by less than 10 % per doubling of iodepth');
    assert.equal(lines.filter((line) => /^io_uring bs=\S+: iodepth=8: /.test(line)).length, 2);
    assert.equal(lines.filter((line) => /^sync bs=\S+: iodepth=1: /.test(line)).length, 2);
  });

  it('keep a limit', () => {
    const limited = (text: string) => {
      const settings = reportSettings({ 'latency-limit': text }, sweep.report);
      return kneeLines(sweep, sweepView(settings));
    };
    assert.match(
      limited('p99:200us').join('\n'),
      /^io_uring bs=16k: none: lat_p99 is above the limit everywhere$/m,
    );
    assert.match(limited('mean:100us').join('\n'), /^io_uring bs=4k: iodepth=8: \S+ IOPS, lat_mean /m);
  });

  it('are missing where IOPS still grow, and without an axis', () => {
    const short = { ...sweep, points: sweep.points.filter(({ values }) => Number(values.iodepth) <= 4) };
    assert.match(kneeLines(short, view).join('\n'), /^io_uring bs=4k: none: IOPS still grow at iodepth=4$/m);
    assert.deepEqual(kneeLines({ ...sweep, grid: { ...sweep.grid, axis: null } }, view), []);
  });
});

describe('the notes of a sweep', () => {
  it('say the same matter once, and where', () => {
    const sweep = syntheticSweep();
    const warn = (at: number, message: string) =>
      sweep.points[at]?.result.warnings.push({ code: 'low-depth', message, variant: null, trial: null });
    warn(1, 'seven in flight');
    warn(3, 'eight in flight');
    assert.deepEqual(sweepNotes(sweep), [
      'warning: seven in flight (at bs=4k iodepth=2; 2 of the kind, at 2 points)',
    ]);
    for (let at = 0; at < 12; at++) warn(at, 'everywhere');
    assert.match(sweepNotes(sweep).join(), /14 of the kind, at every point\)$/);
  });

  it('tell failures one by one', () => {
    const sweep = syntheticSweep();
    const backend = sweep.points[2]?.result.backends[0];
    assert.ok(backend);
    Object.assign(backend, { status: 'failed', reason: 'open: no' });
    assert.match(sweepNotes(sweep).join(), /^error: sync: open: no.* \(at bs=4k iodepth=4\)$/);
  });

  it('say what is missing of the grid', () => {
    const sweep = syntheticSweep();
    assert.equal(statusLine(sweep), null);
    sweep.points.pop();
    sweep.status = 'interrupted';
    assert.equal(
      statusLine(sweep),
      'interrupted: 11 of 12 points are complete (sweep --resume FILE goes on)',
    );
  });
});
