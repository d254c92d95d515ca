/** HTML reports in a real browser: nothing is asked of the network, nothing goes wrong, nothing is wider than the page. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { loadFormats, renderAll, renderComparison, renderSweep } from '../src/report/formats/index.ts';
import { sweepView } from '../src/report/sweep/sweep-view.ts';
import type { RunResult } from '../src/results/schema.ts';
import { fixture } from './fixtures/load.ts';
import { syntheticSweep } from './fixtures/synthetic-runs.ts';
import { explainedRun } from './support/explained-run.ts';
import { comparisonOf } from './support/format-cases.ts';
import { longRun } from './support/long-run.ts';
import { targetResult } from './support/target-run.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  ...['--disable-sync', '--no-first-run'],
];
const HOSTILE = `</script></style></title><script>window.hit=1</script><img src=x onerror="window.hit=1">"'\u0000\u001b[31m\u202e`;
const plain = { color: false, columns: 100 };
const sweep = syntheticSweep();

function hostileRun(): RunResult {
  const result = fixture('comparison');
  Object.assign(result.environment, { hostname: HOSTILE, kernel: HOSTILE, cpu_model: HOSTILE });
  result.note = HOSTILE;
  result.command_line = [HOSTILE];
  for (const job of result.jobs) Object.assign(job, { name: HOSTILE, files: [HOSTILE] });
  for (const backend of result.backends) backend.label += HOSTILE;
  for (const file of result.environment.files)
    Object.assign(file, { path: HOSTILE, device: HOSTILE, model: HOSTILE });
  result.warnings.push({ code: 'x', message: HOSTILE, variant: null, trial: null });
  return result;
}

/** The same workload on other days, slower from the fourth on. */
function history(): RunResult[] {
  return Array.from({ length: 8 }, (_, day) => {
    const result = fixture('single');
    result.started_at = new Date(Date.UTC(2026, 10, 1 + day)).toISOString();
    if (day > 4) result.environment.kernel = '6.99.0';
    return result;
  });
}

await loadFormats(['html']);
const documents: Readonly<Record<string, () => string>> = {
  run: () => renderAll([fixture('comparison')], 'html', plain),
  ladder: () => renderAll([fixture('ladder')], 'html', plain),
  troubled: () => renderAll([fixture('troubled')], 'html', plain),
  series: () => renderAll([longRun(3, 300)], 'html', plain),
  sweep: () => renderSweep(sweep, sweepView(sweep.report), 'html', plain),
  comparison: () => renderComparison(comparisonOf(fixture('comparison'), ['iops<-5%']), 'html', plain),
  target: () => renderAll([targetResult()], 'html', plain),
  explained: () => renderAll([explainedRun({ direct: true, full: true })], 'html', plain),
  many: () => renderAll([...history(), fixture('mixed')], 'html', plain),
  hostile: () => renderAll([hostileRun()], 'html', plain),
};

interface Opened {
  page: Page;
  troubles: string[];
}

async function open(
  browser: Browser,
  file: string,
  { width, script = true }: { width: number; script?: boolean },
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    javaScriptEnabled: script,
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => troubles.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url() !== file && !request.url().startsWith('data:'))
      troubles.push(`asks for ${request.url()}`);
  });
  await page.goto(file);
  return { page, troubles };
}

it('stays under 1 MB for 25 rounds of twenty minutes each', () => {
  const html = renderAll([longRun(25, 1200)], 'html', plain);
  assert.ok(html.length < 1_000_000, `${html.length} bytes`);
  assert.match(html, /Latency over time/);
});

it('shows a search of the highest rate with its limit and where it was held and missed', () => {
  const html = renderAll([targetResult()], 'html', plain);
  assert.match(html, /<h2[^>]*>The highest rate within the limit</);
  assert.match(html, /<figure id="target"[\s\S]*[\d,]+ held, [\d,]+ missed[\s\S]*limit 500 µs/);
  assert.doesNotMatch(html, /What a program feels/);
});

it('shows where time went as bars beside the tables', () => {
  const html = renderAll([explainedRun({ direct: true, full: true })], 'html', plain);
  for (const id of ['io-time', 'thread-time'])
    assert.match(html, new RegExp(`<figure id="${id}">[\\s\\S]*?<rect class="f\\d"[\\s\\S]*?<table>`));
});

describe('reports in Chromium', { skip: existsSync(CHROMIUM) ? false : `needs ${CHROMIUM}` }, () => {
  let browser: Browser;
  const files = new Map<string, string>();

  const folder = mkdtempSync(join(tmpdir(), 'uring-bench-html-'));

  before(async () => {
    const { chromium } = await import('playwright-core');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    for (const [name, make] of Object.entries(documents)) {
      const path = join(folder, `${name}.html`);
      writeFileSync(path, make());
      files.set(name, pathToFileURL(path).href);
    }
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  for (const name of Object.keys(documents)) {
    it(`${name}: no error, no request, nothing wider than the page`, async () => {
      const { page, troubles } = await open(browser, files.get(name) ?? '', { width: 360 });
      await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 1280, height: 900 });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 1280);
      assert.equal(await page.evaluate('window.hit'), undefined);
      assert.deepEqual(troubles, []);
      await page.context().close();
    });

    it(`${name}: every chart has a title, a description and a table, also without scripts`, async () => {
      const { page } = await open(browser, files.get(name) ?? '', { width: 1280, script: false });
      const charts = await page.locator('figure').count();
      assert.equal(await page.locator('figure svg[role=img] > title').count(), charts);
      assert.equal(await page.locator('figure svg[role=img] > desc').count(), charts);
      assert.equal(await page.locator('figure details table').count(), charts);
      assert.ok((await page.locator('main h2').count()) > 0);
      await page.context().close();
    });
  }

  it('shows values under the pointer, and a part of time on its own', async () => {
    const { page, troubles } = await open(browser, files.get('series') ?? '', { width: 1280 });
    const chart = page.locator('figure[data-zoom] svg.chart').first();
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    assert.ok(box);
    const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const;
    await page.mouse.move(...at(0.5));
    assert.match(await page.locator('.tip:visible').innerText(), /trial 1: [\d.]+k/);
    await page.mouse.move(...at(0.3));
    await page.mouse.down();
    await page.mouse.move(...at(0.6));
    await page.mouse.up();
    assert.match(
      (await page.locator('figure[data-zoom] .plot').first().getAttribute('transform')) ?? '',
      /scale\([23]/,
    );
    await page.getByRole('button', { name: 'Show all' }).first().click();
    assert.match(
      (await page.locator('figure[data-zoom] .plot').first().getAttribute('transform')) ?? '',
      /scale\(1,/,
    );
    assert.deepEqual(troubles, []);
    await page.context().close();
  });
});
