import assert from 'node:assert/strict';
import { it } from 'node:test';
import { STACKS_MOST } from '../results/read-limits.ts';
import { foldedStacks, keptStacks, unfolded } from './stacks.ts';

it('stacks are a line each, as flame graph tools read them', () => {
  const text = foldedStacks('io_uring+enhanced', [
    { kind: 'job', stack: ['do_syscall_64', 'blk mq;submit'], count: 3 },
    { kind: 'iou-wrk', stack: [], count: 2 },
    { kind: 'job', stack: ['do_syscall_64', 'blk mq;submit'], count: 4 },
  ]);
  assert.equal(
    text,
    'io_uring+enhanced;iou-wrk;user_mode 2\nio_uring+enhanced;job;do_syscall_64;blk_mq_submit 7\n',
  );
  assert.equal(foldedStacks('sync', []), '');
});

it('the most frequent stacks are kept, and lines come apart again', () => {
  const samples = Array.from({ length: STACKS_MOST + 10 }, (_, at) => ({
    kind: 'job' as const,
    stack: ['entry', `f${at}`],
    count: at + 1,
  }));
  const kept = keptStacks(samples);
  assert.equal(kept.length, STACKS_MOST);
  assert.deepEqual(kept[0], { frames: `job;entry;f${STACKS_MOST + 9}`, count: STACKS_MOST + 10 });
  assert.equal(kept.at(-1)?.count, 11);
  assert.deepEqual(unfolded(foldedStacks('a b', samples.slice(0, 1))), [
    { frames: ['a_b', 'job', 'entry', 'f0'], count: 1 },
  ]);
});
