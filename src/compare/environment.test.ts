import assert from 'node:assert/strict';
import { test } from 'node:test';
import { file } from '../../test/fixtures/synthetic-host.ts';
import { syntheticRun } from '../../test/support/synthetic-run.ts';
import type { Environment } from '../results/schema.ts';
import { environmentDifferences } from './environment.ts';

function differences(changes: Partial<Environment>, toolVersion = '0.1.0'): string[] {
  const [before, after] = [syntheticRun({ sync: [1] }), syntheticRun({ sync: [1] })];
  Object.assign(after.environment, changes);
  after.tool.version = toolVersion;
  return environmentDifferences(before, after).map(({ code, message }) => `${code}: ${message}`);
}

test('the same machine differs in nothing, whatever memory is free', () => {
  assert.deepEqual(differences({}), []);
  assert.deepEqual(differences({ memory_available_bytes: 5 }), []);
});

test('each fact that may explain a difference is named with both values', () => {
  assert.deepEqual(differences({ kernel: '6.9.1', kernel_version: 'Linux version 6.9.1' }), [
    'environment-differs: kernel differs: 6.8.0-45-generic and 6.9.1',
  ]);
  assert.deepEqual(differences({ governor: null, smt: false, node: 'v22.1.0' }, '0.2.0'), [
    'environment-differs: SMT differs: yes and no',
    'environment-differs: governor differs: performance and unknown',
    'environment-differs: Node differs: v20.20.2 and v22.1.0',
    'environment-differs: uring-bench differs: 0.1.0 and 0.2.0',
  ]);
  assert.match(
    differences({ kernel_version: 'Linux version 6.8.0-45-generic rebuilt' })[0] ?? '',
    /kernel build/,
  );
  assert.deepEqual(differences({ hostname: 'bench02' }), ['host-differs: host differs: bench01 and bench02']);
});

test('settings of the device are compared, its name and size by themselves as well', () => {
  const device = {
    ...file('/data/a', 2 ** 30),
    model: 'SAMSUNG',
    scheduler: 'mq-deadline',
    write_cache: null,
  };
  assert.deepEqual(differences({ files: [device] }), [
    'device-differs: device model differs: INTEL SSDPE21D280GA and SAMSUNG',
    'device-differs: scheduler differs: none and mq-deadline',
    'device-differs: write cache differs: write back and unknown',
  ]);
  assert.deepEqual(differences({ files: [] }), [], 'of no file nothing can be said');
});
