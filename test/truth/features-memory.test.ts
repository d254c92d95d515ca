/** Features that show in memory: huge pages, as the kernel counts them. */
import assert from 'node:assert/strict';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { benchFails, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { firstReason } from '../support/witness.ts';

const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';
const JOBS = 2;
/** Of each job: its rings in one, its buffers (16 of 128 KiB and one more) in two. */
const PAGES = JOBS * 3;
const ARGS = [
  '--trials=1',
  '--size=16m',
  '--bs=128k',
  '--iodepth=17',
  `--numjobs=${JOBS}`,
  '--isolation=thread',
];

function noHugePages(): string | false {
  try {
    accessSync(HUGE_PAGES, constants.W_OK);
    return unavailable('io_uring+no_mmap');
  } catch {
    return `${HUGE_PAGES} is not there for this user to write`;
  }
}

/** Sets so many aside -> how many the kernel found; it must be free for the time of a test. */
function setAside(pages: number): number {
  writeFileSync(HUGE_PAGES, String(pages));
  return Number(readFileSync(HUGE_PAGES, 'utf8'));
}

/** Huge pages in use of a process, in 2 MiB. */
function inUse(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Private_Hugetlb: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 2048;
}

test('io_uring+hugepages', { skip: firstReason(noDisk, noHugePages()) }, async (t) => {
  const before = Number(readFileSync(HUGE_PAGES, 'utf8'));
  t.after(() => setAside(before));
  const folder = diskFolder(t);

  await t.test('without enough of them: exit 4, and how many it takes', async () => {
    setAside(0);
    const args = ['--backend=io_uring+hugepages', ...ARGS, '--number-ios=50'];
    const line = await benchFails(folder, args, EXIT.unavailable);
    assert.match(line, /map huge pages: .*\(ENOMEM\): .*sudo sysctl vm\.nr_hugepages=6\n?$/);
  });

  for (const variant of ['io_uring+hugepages', 'io_uring+hugepages+enhanced']) {
    await t.test(`${variant}: rings and buffers lie in them`, async (t) => {
      if (setAside(PAGES) < PAGES) return t.skip('memory is too fragmented for huge pages');
      const running = startBench(folder, [`--backend=${variant}`, ...ARGS, '--runtime=400ms', ...REPORT]);
      let most = 0;
      const watch = setInterval(() => {
        try {
          most = Math.max(most, inUse(running.pid));
        } catch {
          // it has ended
        }
      }, 20);
      const ended = await running.ended;
      clearInterval(watch);
      assert.ok(trialOf(resultOf(ended), variant).total_ios > 0);
      assert.equal(most, PAGES);
    });
  }
});
