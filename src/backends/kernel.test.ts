import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { kernelLacks, olderThan } from './kernel.ts';
import { parseVariant } from './registry.ts';

const { EINVAL, ENOMEM } = constants.errno;

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
    kernelLacks(features, EINVAL, '6.12.117+deb12-amd64'),
    'hybrid_iopoll needs Linux 6.13, this is 6.12.117+deb12-amd64',
  );
  assert.match(kernelLacks(features, EINVAL, '5.10.1') ?? '', /^hybrid_iopoll needs Linux 6\.13/);
  assert.equal(kernelLacks(features, EINVAL, '6.13.0'), undefined);
  assert.equal(kernelLacks(features, ENOMEM, '6.12.1'), undefined, 'that is about something else');
  assert.equal(kernelLacks([], EINVAL, '6.12'), undefined);
});
