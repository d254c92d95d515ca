import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { blockTree, type HostTree, plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { lookAtJobs, lookAtTree } from './job-look.ts';

function task(folder: string, name: string, schedstat: string, children = ''): HostTree {
  return {
    [`${folder}/status`]: `Name:\t${name}\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3`,
    [`${folder}/schedstat`]: schedstat,
    [`${folder}/children`]: children,
  };
}

const RING =
  'SqThread:\t12\nSqTotalTime:\t900\nSqWorkTime:\t90\nCqOverflowList:\n  user_data=1, res=2, flags=0';

const TREE: HostTree = {
  ...task('/proc/self/task/10', 'node', '1 2 3'),
  ...task('/proc/self/task/11', 'ub-job-0', '1000 200 5'),
  ...task('/proc/self/task/12', 'iou-sqp-11', '7 0 1'),
  ...task('/proc/self/task/13', 'ub-job-0', '30 4 1'),
  '/proc/self/task/12/fdinfo/7': RING,
  '/proc/pressure/cpu': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=4711\nfull avg10=0.00 total=1',
  ...blockTree('254:0', 'virtual/block/vda', { stat: '10 1 80 7 20 2 160 9 0 11 16 0 0 0 0 0 0' }),
};

function planted(t: Parameters<typeof scratchFolder>[0]): string {
  const root = scratchFolder(t);
  plantTree(root, TREE);
  mkdirSync(join(root, 'proc/self/task/12/fd'));
  symlinkSync('anon_inode:[io_uring]', join(root, 'proc/self/task/12/fd/7'));
  symlinkSync('/dev/null', join(root, 'proc/self/task/12/fd/0'));
  return root;
}

describe('a look at jobs', () => {
  it('sees them and their helpers, their device and their rings', (t) => {
    const seen = lookAtJobs([11], ['vda', 'none'], { root: planted(t) });
    assert.deepEqual(
      seen.threads.map(({ tid, kind, runNs, readyNs, voluntary, involuntary }) => [
        ...[tid, kind, runNs, readyNs],
        ...[voluntary, involuntary],
      ]),
      [
        [11, 'job', 1000, 200, 12, 3],
        [12, 'iou-sqp', 7, 0, 12, 3],
        [13, 'pool', 30, 4, 12, 3],
      ],
    );
    assert.deepEqual(seen.devices, [
      { device: 'vda', reads: 10, readMs: 7, writes: 20, writeMs: 9, busyMs: 11, queueMs: 16 },
    ]);
    assert.deepEqual(
      seen.rings.map(({ sqTotalUsec, sqWorkUsec, overflown }) => [sqTotalUsec, sqWorkUsec, overflown]),
      [[900, 90, 1]],
    );
    assert.deepEqual(seen.pressure, { cpu: 4711, io: null, memory: null });
  });

  it('sees a process with all that it started', (t) => {
    const root = scratchFolder(t);
    plantTree(root, {
      ...task('/proc/50/task/50', 'fio', '5 0 1', '60 '),
      ...task('/proc/60/task/60', 'fio', '6 0 1'),
      ...task('/proc/60/task/61', 'iou-wrk-60', '7 0 1'),
      ...task('/proc/70/task/70', 'other', '8 0 1'),
      '/sys/block/': '',
    });
    assert.deepEqual(
      lookAtTree(50, { root }).threads.map(({ tid, kind }) => [tid, kind]),
      [
        [50, 'other'],
        [60, 'other'],
        [61, 'iou-wrk'],
      ],
    );
  });

  it('is of nobody when they have ended', (t) => {
    assert.deepEqual(lookAtJobs([99], [], { root: scratchFolder(t) }).threads, []);
  });
});
