import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { ioUring } from './io-uring.ts';
import { type Kernel, kernelLacks, olderThan, runningKernel } from './kernel.ts';
import { probeVariant } from './probe.ts';
import { parseVariant, withNeeds } from './registry.ts';

const { EINVAL, ENOMEM, EOPNOTSUPP } = constants.errno;

/** One that does not say what it has: before 6.18. */
const silent = (release: string): Kernel => ({ release, has: () => null });

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
    kernelLacks(features, EINVAL, silent('6.12.117+deb12-amd64')),
    'hybrid_iopoll needs Linux 6.13, this is 6.12.117+deb12-amd64',
  );
  assert.match(kernelLacks(features, EINVAL, silent('5.10.1')) ?? '', /^hybrid_iopoll needs Linux 6\.13/);
  assert.equal(kernelLacks(features, EINVAL, silent('6.13.0')), undefined);
  assert.equal(kernelLacks(features, ENOMEM, silent('6.12.1')), undefined, 'that is about something else');
  assert.equal(kernelLacks([], EINVAL, silent('6.12')), undefined);
});

test('two features can be there, and not yet together', () => {
  const { features } = parseVariant('io_uring+vectored+enhanced');
  assert.equal(
    kernelLacks(features, EOPNOTSUPP, silent('6.12.1')),
    'vectored with fixedbufs needs Linux 6.15, this is 6.12.1',
  );
  assert.equal(kernelLacks(features, EOPNOTSUPP, silent('6.15.0')), undefined);
  assert.equal(
    kernelLacks(parseVariant('io_uring+vectored').features, EOPNOTSUPP, silent('6.12.1')),
    undefined,
  );
});

test('what a kernel says of itself counts for more than its version', () => {
  const { features } = parseVariant('io_uring+iopoll+hybrid_iopoll');
  const brought: Kernel = { release: '6.6.0-distribution', has: () => true };
  assert.equal(kernelLacks(features, EINVAL, brought), undefined);
  const without: Kernel = { release: '6.18.1', has: ({ name }) => name !== 'hybrid_iopoll' };
  assert.equal(
    kernelLacks(features, EINVAL, without),
    'hybrid_iopoll is not in this kernel (6.18.1), though Linux 6.13 brought it',
  );
  const partly: Kernel = { release: '6.12.1', has: ({ name }) => (name === 'iopoll' ? true : null) };
  assert.match(kernelLacks(features, EINVAL, partly) ?? '', /^hybrid_iopoll needs Linux 6\.13/);
});

test('what this kernel says, what its version is and what it does agree', (t) => {
  const kernel = runningKernel();
  const said = ioUring.features.filter((feature) => kernel.has(feature) !== null);
  if (said.length === 0) return t.skip('this kernel has no IORING_REGISTER_QUERY');
  assert.ok(said.length >= 18, `it says it of ${said.length}`);
  for (const feature of said) {
    const has = kernel.has(feature);
    assert.equal(has, !olderThan(kernel.release, feature.since), `${feature.name}, since ${feature.since}`);
    const refused = probeVariant(ioUring, withNeeds(ioUring, feature));
    if (refused === null) assert.ok(has, `${feature.name} works`);
    else if (refused.errno === EINVAL || refused.errno === EOPNOTSUPP) assert.ok(!has, feature.name);
  }
});
