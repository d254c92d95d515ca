import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobLook, ThreadLook } from '../host/job-look.ts';
import { basicFigures } from './basic.ts';

const thread = (tid: number, atMs: number, more: Partial<ThreadLook> = {}): ThreadLook => ({
  tid,
  kind: 'job',
  atMs,
  runNs: 0,
  readyNs: 0,
  voluntary: 0,
  involuntary: 0,
  ...more,
});

const look = (atMs: number, more: Partial<JobLook> = {}): JobLook => ({
  atMs,
  threads: [],
  devices: [],
  rings: [],
  pressure: { cpu: null, io: null, memory: null },
  ...more,
});

describe('what looks come to', () => {
  it('is nothing of fewer than two', () => {
    assert.equal(basicFigures([]), null);
    assert.equal(basicFigures([look(5)]), null);
  });

  it('is the time of threads between the first and the last look at each', () => {
    const figures = basicFigures([
      look(10, { threads: [thread(1, 10, { runNs: 5e6, readyNs: 1e6, voluntary: 7 })] }),
      look(35, { threads: [thread(1, 35, { runNs: 9e6, readyNs: 2e6, voluntary: 9 }), thread(2, 35)] }),
      look(60, {
        threads: [
          thread(1, 60, { runNs: 15e6, readyNs: 6e6, voluntary: 17, involuntary: 2 }),
          thread(2, 55, { runNs: 10e6, readyNs: 0, voluntary: 1 }),
        ],
      }),
    ]);
    assert.equal(figures?.window_ns, 50e6);
    assert.deepEqual(figures?.threads, [
      {
        ...{ kind: 'job', threads: 2, seen_ns: 70e6, run_ns: 20e6, ready_ns: 5e6, sleep_ns: 45e6 },
        ...{ voluntary: 11, involuntary: 2 },
      },
    ]);
  });

  it('leaves out helpers that did nothing, and what the kernel does not count', () => {
    const figures = basicFigures([
      look(0, { threads: [thread(1, 0, { readyNs: null }), thread(2, 0, { kind: 'pool', runNs: 3 })] }),
      look(10, { threads: [thread(1, 10, { readyNs: null }), thread(2, 10, { kind: 'pool', runNs: 3 })] }),
    ]);
    assert.deepEqual(
      figures?.threads.map(({ kind, ready_ns, sleep_ns }) => ({ kind, ready_ns, sleep_ns })),
      [{ kind: 'job', ready_ns: null, sleep_ns: null }],
    );
  });

  it('is what devices, rings and the machine did in the window', () => {
    const device = { device: 'vda', reads: 100, readMs: 50, writes: 0, writeMs: 0, busyMs: 10, queueMs: 20 };
    const ring = { key: 'a', sqTotalUsec: 1000, sqWorkUsec: 100, overflown: 0 };
    const figures = basicFigures([
      look(0, { devices: [device], rings: [ring], pressure: { cpu: 0, io: 1000, memory: null } }),
      look(100, {
        devices: [{ ...device, reads: 300, readMs: 150, busyMs: 60, queueMs: 220 }],
        rings: [{ ...ring, sqTotalUsec: 5000, sqWorkUsec: 1100, overflown: 3 }],
        pressure: { cpu: 200_000, io: 26_000, memory: null },
      }),
    ]);
    assert.deepEqual(figures?.devices, [
      { device: 'vda', reads: 200, read_ns: 100e6, writes: 0, write_ns: 0, busy_ns: 50e6, in_flight: 2 },
    ]);
    assert.deepEqual(figures?.pressure, { cpu_pct: 100, io_pct: 25, memory_pct: null });
    assert.deepEqual(figures?.rings, { sq_work_pct: 25, cq_overflow_most: 3 });
  });
});
