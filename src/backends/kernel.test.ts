import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelLacks, olderThan } from './kernel.ts';
import { parseVariant } from './registry.ts';

test('kernel versions are compared by number, not by letter', () => {
  assert.ok(olderThan('6.1.9-arm64', '6.13'));
  assert.ok(olderThan('5.19.0', '6.0'));
  assert.ok(!olderThan('6.13.0-rc1', '6.13'));
  assert.ok(!olderThan('6.13', '6.13'));
  assert.ok(!olderThan('6.12.117+deb12-amd64', '6.2'));
  assert.ok(olderThan('2.6.32', '2.6.37'));
});

test('the newest feature that a kernel lacks is named, with both versions', () => {
  const { features } = parseVariant('io_uring+iopoll+hybrid_iopoll+registerring');
  assert.equal(
    kernelLacks(features, '6.12.117+deb12-amd64'),
    'hybrid_iopoll needs Linux 6.13, this is 6.12.117+deb12-amd64',
  );
  assert.match(kernelLacks(features, '5.10.1') ?? '', /^hybrid_iopoll needs Linux 6\.13/);
  assert.equal(kernelLacks(features, '6.13.0'), undefined);
  assert.equal(kernelLacks([], '6.12'), undefined);
});
