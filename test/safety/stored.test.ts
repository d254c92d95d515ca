/** Files, pipes and folders from others, as the command reads them: each has an end, and little memory is taken for it. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { EXIT } from '../../src/errors.ts';
import { decodeCounts } from '../../src/results/histogram.ts';
import { fixtureText } from '../fixtures/load.ts';
import { bench, benchFails } from '../support/bench.ts';
import { refused } from '../support/refused.ts';
import { scratchFolder } from '../support/scratch.ts';

/** A histogram's text with any body and any length before it. */
function histogram(body: Buffer, length?: number): string {
  const packed = deflateSync(body, { level: 9 });
  const envelope = Buffer.alloc(8);
  envelope.writeUInt32BE(0x1c849304, 0);
  envelope.writeUInt32BE(length ?? packed.length, 4);
  return Buffer.concat([envelope, packed]).toString('base64');
}

/** A V2 header (HdrHistogram): cookie, payload length, offset, digits, lowest, highest, ratio. */
function header(payload: number): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt32BE(0x1c849303, 0);
  bytes.writeUInt32BE(payload, 4);
  bytes.writeInt32BE(3, 12);
  bytes.writeBigInt64BE(1n, 16);
  bytes.writeBigInt64BE(2n ** 42n - 1n, 24);
  bytes.writeDoubleBE(1, 32);
  return bytes;
}

describe('a stored histogram', () => {
  it('that unpacks to more than there are counters is damaged, and is not unpacked', () => {
    const bomb = histogram(Buffer.alloc(2 ** 28));
    const before = process.memoryUsage.rss();
    refused(() => decodeCounts(bomb), /cannot be read/, /damaged/);
    assert.ok(process.memoryUsage.rss() - before < 2 ** 26);
  });

  it('whose lengths are beyond what follows is damaged', () => {
    refused(() => decodeCounts(histogram(header(2 ** 32 - 1))), /it ends too soon/);
    refused(() => decodeCounts(histogram(header(0), 2 ** 32 - 1)), /it ends too soon/);
  });

  it('with runs beyond its counters, or a number without an end, is damaged', () => {
    const run = Buffer.from([0xff, 0xf0, 0x04]); // -40000
    refused(() => decodeCounts(histogram(Buffer.concat([header(3), run]))), /more than 33792 counters/);
    refused(
      () => decodeCounts(histogram(Buffer.concat([header(1), Buffer.from([0x80])]))),
      /ends within a number/,
    );
  });

  it('that unpacks to half a GiB is refused in little memory', async (t) => {
    const folder = scratchFolder(t);
    const document = JSON.parse(fixtureText('single'));
    const bomb = histogram(Buffer.alloc(2 ** 29)); // half a megabyte, which is what zlib can do
    document.backends[0].trials[0].ops.read.lat_ns.hdr = bomb;
    writeFileSync(join(folder, 'bomb.json'), JSON.stringify(document));
    const under = ['sh', '-c', 'ulimit -v 4194304; exec "$@"', 'sh'];
    const line = await benchFails(folder, ['show', '--output-format=csv', 'bomb.json'], EXIT.usage, {
      under,
    });
    assert.match(line, /stored histogram cannot be read/);
  });
});

describe('what is read', () => {
  it('has an end: a device, a pipe that never ends', async (t) => {
    const folder = scratchFolder(t);
    assert.match(
      await benchFails(folder, ['show', '/dev/zero'], EXIT.usage),
      /is too large: results of at most/,
    );
    const under = ['sh', '-c', 'yes "[" | tr -d "\\n" | "$@"', 'sh'];
    assert.match(await benchFails(folder, ['show', '-'], EXIT.usage, { under }), /is too large|brackets/);
  });

  it('a pattern follows no folder that links to itself', async (t) => {
    const folder = scratchFolder(t);
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'x.json'), fixtureText('single'));
    for (const name of ['one', 'two', 'three', 'four']) symlinkSync('..', join(folder, 'a', name));
    const { code, stdout, stderr } = await bench(folder, ['compare', '**/*.json', 'a/x.json']);
    assert.equal(code, EXIT.ok, stderr);
    assert.match(stdout, /^baseline +a\/x\.json/);
  });
});
