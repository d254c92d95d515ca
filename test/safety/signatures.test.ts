/** What is on a device, wherever its mark is: nothing of it is overwritten on --allow-overwrite alone. */
import assert from 'node:assert/strict';
import { closeSync, linkSync, openSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { EXIT } from '../../src/errors.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { bench } from '../support/bench.ts';
import { attach, hasCommand, loopDevice, run, scratchFolder, skipUnless } from '../support/scratch.ts';
import { victim } from '../support/victim.ts';

const SIZE = 4 * 2 ** 20;
const SHORT = ['--rw=write', '--bs=64k', '--size=1m', '--number-ios=4', '--backend=sync', '--trials=1'];

function put(image: string, offset: number, bytes: Buffer): void {
  const fd = openSync(image, 'r+');
  writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
}

/** md's superblock, by Documentation/admin-guide/md.rst and include/uapi/linux/raid/md_p.h. */
const md = {
  /** 64 to 128 KiB before the end. */
  '0.90': (image: string) => {
    const block = Buffer.alloc(4096);
    block.writeUInt32LE(0xa92b4efc, 0);
    block.writeUInt32LE(90, 8);
    put(image, SIZE - 65536, block);
  },
  /** 8 to 12 KiB before the end. */
  '1.0': (image: string) => {
    const block = Buffer.alloc(256);
    const sector = SIZE / 512 - 16;
    block.writeUInt32LE(0xa92b4efc, 0);
    block.writeUInt32LE(1, 4);
    block.writeBigUInt64LE(BigInt(sector), 144);
    put(image, sector * 512, block);
  },
};

/** The second GPT, in the last sectors (UEFI 5.3.2); the first is gone. */
function backupGpt(image: string): void {
  const last = SIZE / 512 - 1;
  const entries = Buffer.alloc(128 * 128);
  const header = Buffer.alloc(92);
  header.write('EFI PART', 0);
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  for (const [at, value] of [
    [24, last],
    [32, 1],
    [40, 34],
    [48, last - 34],
    [72, last - 32],
  ] as const) {
    header.writeBigUInt64LE(BigInt(value), at);
  }
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header), 16);
  put(image, last * 512, header);
}

const marks: [what: RegExp, make: (image: string) => void, command?: string][] = [
  // libblkid alone knows it.
  [/vxfs \(filesystem\)/, (image) => put(image, 1024, Buffer.from('f5fc01a5', 'hex'))],
  [/a minix file system/, (image) => run('mkfs.minix', '-3', image), 'mkfs.minix'],
  [/a bfs file system/, (image) => run('mkfs.bfs', image), 'mkfs.bfs'],
  [/a LUKS volume/, (image) => put(image, 0x4000, Buffer.from('SKUL\xba\xbe\x00\x02', 'latin1'))],
];

/** What is known without libblkid, too: by name, place and bytes. */
const known: [what: RegExp, make: (image: string) => void][] = [
  [/a DRBD device/, (image) => put(image, SIZE - 4096 + 60, Buffer.from('8374026d', 'hex'))],
  [/a member of a VMFS volume/, (image) => put(image, 2 ** 20, Buffer.from('0dd001c0', 'hex'))],
  [/a VMFS file system/, (image) => put(image, 2 ** 21, Buffer.from('5ef1ab2f', 'hex'))],
  [/a part of a RAID \(md\)/, md['0.90']],
  [/a part of a RAID \(md\)/, md['1.0']],
  [/a GPT partition table/, backupGpt],
];

describe('what is on a device', { skip: skipUnless('root', 'loop') }, () => {
  for (const [what, make, command] of marks) {
    const skip = command === undefined || hasCommand(command) ? false : `needs ${command}`;
    it(`${what.source} is found and left alone`, { skip }, async (t) => {
      const image = join(scratchFolder(t), 'image');
      writeFileSync(image, Buffer.alloc(SIZE));
      make(image);
      const { device } = attach(t, image);
      const kept = victim(image);
      const { code, stderr } = await bench(scratchFolder(t), [
        `--filename=${device}`,
        ...SHORT,
        '--allow-overwrite',
      ]);
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, new RegExp(`holds ${what.source}: rw=write would destroy that`));
      assert.match(stderr, new RegExp(`--destroy-device=${device}`));
      kept.untouched();
    });
  }

  for (const [what, make] of known) {
    it(`${what.source} is found without libblkid as well`, async (t) => {
      const image = join(scratchFolder(t), 'image');
      writeFileSync(image, Buffer.alloc(SIZE));
      make(image);
      const { device } = attach(t, image);
      const kept = victim(image);
      for (const env of [{}, { URING_BENCH_LIBBLKID: '/nonexistent' }]) {
        const args = [`--filename=${device}`, ...SHORT, '--allow-overwrite'];
        const { code, stderr } = await bench(scratchFolder(t), args, { env });
        assert.equal(code, EXIT.usage, stderr);
        assert.match(stderr, new RegExp(`holds ${what.source}: rw=write would destroy that`));
        kept.untouched();
      }
    });
  }

  it('is not said to have been looked for where nobody could', async (t) => {
    const { device } = loopDevice(t, SIZE);
    const folder = scratchFolder(t);
    const args = [`--filename=${device}`, ...SHORT, '--allow-overwrite', '--output-format=json'];
    const warned = async (env: Record<string, string>): Promise<string[]> => {
      const { code, stdout, stderr } = await bench(folder, args, { env });
      assert.equal(code, EXIT.ok, stderr);
      const { warnings }: RunResult = JSON.parse(stdout);
      return warnings.filter((one) => one.code === 'signatures-unchecked').map(({ message }) => message);
    };
    assert.deepEqual(await warned({}), []);
    const [message, ...others] = await warned({ URING_BENCH_LIBBLKID: '/nonexistent' });
    assert.deepEqual(others, []);
    assert.match(message ?? '', /commonest signatures .* install libblkid/);
  });
});

it('a file behind a loop device is known by its number, whatever became of its name', {
  skip: skipUnless('root', 'loop'),
}, async (t) => {
  const folder = scratchFolder(t);
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  writeFileSync(first, Buffer.alloc(SIZE));
  const { device } = attach(t, first);
  linkSync(first, second);
  unlinkSync(first);
  const kept = victim(second);
  const { code, stderr } = await bench(folder, [`--filename=${second}`, ...SHORT, '--allow-overwrite']);
  assert.equal(code, EXIT.usage, stderr);
  assert.match(stderr, new RegExp(`second is in use by ${device}`));
  kept.untouched();
});
