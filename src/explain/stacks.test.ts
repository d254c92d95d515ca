import assert from 'node:assert/strict';
import { it } from 'node:test';
import { foldedStacks } from './stacks.ts';

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
