/**
 * `npm run soak`: random combinations of options, one after another in one process, until the time is over. What each
 * wrote is read back, its figures are held against each other, and at the end the process holds no more than before.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomOf } from '../../src/stats/random.ts';
import { commandOf, draw } from './draw.ts';
import { grown, type Held, leftOpen, settled } from './leaks.ts';
import { soakOne } from './one.ts';
import { strangers } from './values.ts';

const HELP = `Usage: npm run soak [-- options]

  --minutes N   how long (default 10)
  --seed N      of the combinations (default: another one each time)
  --at N        only the Nth combination of the seed
  --verbose     each combination as it runs, also those that are refused
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: `${Date.now() % 1e9}` },
    at: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Pools, caches and compiled code are there after so much of the time. */
const WARM = 0.4;

interface Sums {
  ran: number;
  refused: number;
  trials: number;
  ios: number;
  wrong: number;
}

async function step(number: number, folder: string, sums: Sums): Promise<void> {
  const random = randomOf(BigInt(values.seed) * 1_000_003n + BigInt(number));
  const combination = draw(random);
  const again = `npm run soak -- --seed ${values.seed} --at ${number}`;
  if (values.verbose) say(`${number}: ${commandOf(combination)}`);
  const { refused, wrong, trials, ios } = await soakOne(combination, folder);
  const open = leftOpen(folder);
  if (open.length > 0) wrong.push(`still open: ${open.join(', ')}`);
  if (refused === null) sums.ran++;
  else sums.refused++;
  sums.trials += trials;
  sums.ios += ios;
  if (values.verbose && refused !== null) say(`  refused: ${refused}`);
  if (wrong.length === 0) return;
  sums.wrong++;
  say(`${commandOf(combination)}\n  ${wrong.join('\n  ')}\n  again: ${again}`);
}

async function soak(folder: string): Promise<number> {
  const sums: Sums = { ran: 0, refused: 0, trials: 0, ios: 0, wrong: 0 };
  if (values.at !== undefined) {
    await step(Number(values.at), folder, sums);
    return sums.wrong;
  }
  const start = performance.now();
  const whole = Number(values.minutes) * 60_000;
  const passed = (): number => (performance.now() - start) / whole;
  let before: Held | null = null;
  for (let number = 1; passed() < 1; number++) {
    await step(number, folder, sums);
    if (before === null && passed() > WARM) before = await settled(null);
  }
  const after = await settled(before);
  const leaks = before === null ? [] : grown(before, after);
  for (const leak of leaks) say(`leak: ${leak}`);
  const { ran, refused, trials, ios, wrong } = sums;
  say(
    `seed ${values.seed}: ${ran} combinations ran (${trials} trials, ${ios} I/Os), ${refused} were refused, ${wrong} wrong; ` +
      `${after.descriptors} descriptors, ${after.threads} threads, ${(after.rssBytes / 2 ** 20).toFixed(0)} MiB`,
  );
  return wrong + leaks.length;
}

if (values.help) process.stdout.write(HELP);
else {
  const unknown = strangers();
  for (const line of unknown) say(line);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'uring-bench-soak-')));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.on('exit', remove);
  const wrong = unknown.length + (await soak(folder));
  process.exit(wrong > 0 ? 1 : 0);
}
