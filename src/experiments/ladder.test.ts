import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Feature, Variant } from '../backends/backend.ts';
import { ioUring } from '../backends/io-uring.ts';
import { parseVariant } from '../backends/registry.ts';
import { BenchError } from '../errors.ts';
import { addFeature, climb, type Step } from './ladder.ts';

const ORDER = [
  'registerfiles',
  'fixedbufs',
  'registerring',
  'coop_taskrun',
  'single_issuer',
  'defer_taskrun',
  'no_sqarray',
  'sq_rewind',
  'min_wait',
  'registered_wait',
  'no_iowait',
  'iopoll',
  'hybrid_iopoll',
  'sqpoll',
];

/** A machine that lacks these features. */
function lacking(...names: string[]): {
  tried: string[];
  tryVariant: (variant: Variant) => Promise<string | null>;
} {
  const tried: string[] = [];
  const tryVariant = async (variant: Variant) => {
    tried.push(variant.name);
    const missing = variant.features.find(({ name }) => names.includes(name));
    return missing ? `no ${missing.name} here` : null;
  };
  return { tried, tryVariant };
}

function names({ variant }: Step): string[] {
  return variant.features.map(({ name }) => name);
}

function stepOf(steps: readonly Step[], label: string): Step {
  const step = steps.find(({ variant }) => variant.label === label);
  assert.ok(step, label);
  return step;
}

/** What iopoll takes the place of: it does not wait. */
const WAITING = ['min_wait', 'registered_wait', 'no_iowait'];

describe('the ladder', () => {
  it('adds one feature a step, from none', async () => {
    const steps = await climb(lacking().tryVariant);
    assert.deepEqual(
      steps.map(({ variant }) => variant.label),
      ['io_uring', ...ORDER.map((name) => `+${name}`)],
    );
    for (let n = 0; n < ORDER.length; n++) {
      const before = ORDER.slice(0, n);
      const polls = before.includes('iopoll');
      assert.deepEqual(
        names(steps[n] as Step),
        before.filter((name) => !(polls && WAITING.includes(name))).sort(),
      );
    }
  });

  it('lets sqpoll take the place of what excludes it', async () => {
    const last = (await climb(lacking().tryVariant)).at(-1) as Step;
    const gone = ['coop_taskrun', 'defer_taskrun', 'sq_rewind', ...WAITING];
    assert.deepEqual(names(last), ORDER.filter((name) => !gone.includes(name)).sort());
  });

  it('keeps what is unavailable with its reason, and leaves it out above', async () => {
    const { tried, tryVariant } = lacking('registerring', 'iopoll');
    const steps = await climb(tryVariant);
    assert.equal(stepOf(steps, '+registerring').reason, 'no registerring here');
    assert.equal(stepOf(steps, '+iopoll').reason, 'no iopoll here');
    assert.equal(stepOf(steps, '+hybrid_iopoll').reason, 'it needs iopoll, which is unavailable here');
    assert.ok(!tried.some((name) => name.includes('hybrid_iopoll')), 'what cannot be is not tried');
    for (const label of ['+coop_taskrun', '+sqpoll']) {
      assert.ok(!names(stepOf(steps, label)).includes('registerring'), label);
    }
    assert.ok(!names(stepOf(steps, '+sqpoll')).includes('iopoll'));
    assert.equal(stepOf(steps, '+sqpoll').reason, null);
  });

  it('has no defer_taskrun without single_issuer', async () => {
    const steps = await climb(lacking('single_issuer').tryVariant);
    assert.equal(stepOf(steps, '+defer_taskrun').reason, 'it needs single_issuer, which is unavailable here');
  });

  it('whatever is lacking, every step that runs is one that the registry allows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray(ORDER), async (missing) => {
        const steps = await climb(lacking(...missing).tryVariant);
        assert.equal(steps.length, ORDER.length + 1);
        assert.equal(new Set(steps.map(({ variant }) => variant.name)).size, steps.length, 'each once');
        for (const { variant, reason } of steps) {
          if (reason === null) assert.equal(parseVariant(variant.name).name, variant.name);
        }
      }),
    );
  });

  it('does not begin when io_uring itself does not work', async () => {
    const failing = climb(async () => 'read /data/f: i/o error (EIO)');
    await assert.rejects(failing, (error) => {
      assert.ok(error instanceof BenchError);
      assert.equal(error.kind, 'failed');
      assert.equal(error.message, 'io_uring: read /data/f: i/o error (EIO)');
      return true;
    });
  });
});

describe('adding a feature', () => {
  const feature = (name: string, rest: Partial<Feature> = {}): Feature => ({
    name,
    bit: 1,
    help: '',
    since: '5.1',
    needs: [],
    excludes: [],
    kinds: ['data'],
    ...rest,
  });

  it('takes out what excludes it, whichever side says so, and what needs that', () => {
    const a = feature('a');
    const b = feature('b', { needs: ['a'] });
    const c = feature('c', { needs: ['b'] });
    const d = feature('d', { excludes: ['new'] });
    const e = feature('e');
    const added = feature('new', { excludes: ['a'] });
    assert.deepEqual(addFeature([a, b, c, d, e], added), [e, added]);
    assert.deepEqual(addFeature([], added), [added]);
  });

  it('knows all of its names', () => {
    for (const name of ORDER)
      assert.ok(
        ioUring.features.some((known) => known.name === name),
        name,
      );
  });
});
