/** What of the reads of table 2 is laid to the experiment: those that are measured, not the preloading before them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { dataFile, diskFolder, noDisk } from '../../test/support/disk.ts';
import { executors } from '../jobs/executors/registry.ts';
import { noProgress } from '../jobs/progress.ts';
import { targetHost } from '../native/library.ts';
import { resolveOutput } from '../options/output.ts';
import { checkCache } from '../report/article/article-checks.ts';
import { readMachine } from '../resolve/cpus.ts';
import { articleOf } from '../results/document.ts';
import type { Isolation } from '../workload/workload.ts';
import { articleJob } from './article.ts';
import { runArticle } from './article-run.ts';

const MIB = 2 ** 20;

/** Bytes that this process and what it has waited for caused to be read. */
const caused = () => Number(/^read_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

for (const isolation of Object.keys(executors) as Isolation[]) {
  it(`files that are not cached yet are preloaded from the device: jobs that are each a ${isolation}`, {
    skip: noDisk,
  }, async (t) => {
    const path = dataFile(join(diskFolder(t), 'data'), 64 * MIB);
    const raw = { filename: [path], isolation, trials: 1, runtime: 300_000_000 };
    const article = articleJob('table2', raw, { machine: readMachine(), target: targetHost });
    // No trial before the first has put them into the cache.
    const plan = { ...article.plan, variants: article.plan.variants.slice(0, 1), warmupTrials: 0 };
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
    const before = caused();
    const { result } = await runArticle(
      { ...article, plan },
      {
        progress: noProgress,
        signal: new AbortController().signal,
        commandLine: [],
        warnings: [],
        output: resolveOutput({ save: false, quiet: true }, false),
      },
    );
    const report = articleOf(result);
    assert.ok(report);
    const [only, more] = report.device_reads;
    assert.ok(only && more === undefined && only.process_bytes !== null);
    assert.ok(caused() - before >= 64 * MIB, 'they were not cached');
    assert.ok(only.process_bytes < MIB, `${only.process_bytes} read`);
    assert.equal(checkCache(report).cached, true);
  });
}
