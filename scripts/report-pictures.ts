/** Makes the pictures of docs/REPORT.md anew, by Chromium, of the results that the tests have: `node --import tsx scripts/report-pictures.ts`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { loadFormats, renderAll, renderComparison, renderSweep } from '../src/report/formats/index.ts';
import { sweepView } from '../src/report/sweep/sweep-view.ts';
import { fixture } from '../test/fixtures/load.ts';
import { syntheticSweep } from '../test/fixtures/synthetic-runs.ts';
import { comparisonOf } from '../test/support/format-cases.ts';
import { longRun } from '../test/support/long-run.ts';

const plain = { color: false, columns: 100 };
const target = fileURLToPath(new URL('../docs/pictures/', import.meta.url));
const sweep = syntheticSweep();

await loadFormats(['html']);
const run = renderAll([fixture('comparison')], 'html', plain);
const pictures = [
  { name: 'verdict', html: run, part: 'header, main > .verdict' },
  { name: 'latency', html: run, part: '#latency' },
  { name: 'spread', html: renderAll([longRun(1, 300)], 'html', plain), part: '#spread-0' },
  { name: 'trade', html: renderSweep(sweep, sweepView(sweep.report), 'html', plain), part: '#iops-0' },
  {
    name: 'changes',
    html: renderComparison(comparisonOf(fixture('comparison'), ['iops<-5%']), 'html', plain),
    part: '#changes',
  },
];

const folder = mkdtempSync(join(tmpdir(), 'uring-bench-pictures-'));
mkdirSync(target, { recursive: true });
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
});
for (const { name, html, part } of pictures) {
  const page = await browser.newPage({ viewport: { width: 800, height: 900 } });
  const path = join(folder, `${name}.html`);
  writeFileSync(path, html);
  await page.goto(pathToFileURL(path).href);
  await page
    .locator(part)
    .last()
    .screenshot({ path: join(target, `${name}.png`) });
}
await browser.close();
rmSync(folder, { recursive: true });
