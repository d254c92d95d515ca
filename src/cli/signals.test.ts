import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT } from '../errors.ts';
import { describeFailure } from './failure.ts';
import { stopOnSignals } from './signals.ts';

describe('a signal', () => {
  for (const [name, code] of [
    ['SIGHUP', EXIT.sighup],
    ['SIGINT', EXIT.sigint],
    ['SIGQUIT', EXIT.sigquit],
    ['SIGTERM', EXIT.sigterm],
  ] as const) {
    it(`${name} stops, and says why to whom it interrupts before there is a result`, () => {
      const told: string[] = [];
      const stop = stopOnSignals((signal) => told.push(signal));
      try {
        assert.equal(stop.code(), null);
        process.emit(name, name);
        assert.deepEqual([told, stop.code(), stop.signal.aborted], [[name], code, true]);
        assert.deepEqual(describeFailure(stop.signal.reason), {
          text: `uring-bench: stopped by ${name} before anything was measured\n`,
          code,
        });
      } finally {
        stop.release();
      }
      assert.equal(process.listenerCount(name), 0);
    });
  }
});
