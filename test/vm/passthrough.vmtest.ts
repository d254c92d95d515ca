/** NVMe commands on /dev/ngXnY: the same blocks as the block device's, past the block layer. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { backendOf, resultOf, trialOf } from '../support/bench.ts';
import { failsWith, interrupted, onlyTrial, polled, warningsOf } from './expect.ts';
import { noMachine, report, type Step, useMachine } from './machine.ts';

const NG = '--filename=/dev/ng0n1';
const KIB = 1024;
const MIB = KIB * KIB;
const PAGE = 4 * KIB;
const IOS = 100;
const one = `--number-ios=${IOS}`;

/** Each with a MiB of its own on the device, from 1 MiB on: `offset`, in MiB. */
const variants = [
  { backend: 'io_uring_cmd', bs: 4 * KIB, depth: 1, polls: false },
  { backend: 'io_uring+passthrough+fixedbufs', bs: 16 * KIB, depth: 8, polls: false },
  { backend: 'io_uring+passthrough+fixedbufs+clone_buffers', bs: 32 * KIB, depth: 4, polls: false },
  { backend: 'io_uring+passthrough+iopoll', bs: 64 * KIB, depth: 2, polls: true },
  { backend: 'io_uring_cmd+enhanced+iopoll+no_sqarray', bs: 128 * KIB, depth: 4, polls: true },
].map((variant, i) => ({ ...variant, offset: i + 1, name: `${variant.backend}, ${variant.bs / KIB} KiB` }));

/** What no program has in its memory unless it read it; `random` is that, on the device from 64 MiB on. */
const RANDOM_MIB = 64;
const random = randomBytes(128 * KIB);

/** The first bytes of `random`, as Step has them. */
function beginning(bytes: number): Required<Step>['memory'] {
  const sha1 = createHash('sha1').update(random.subarray(0, bytes)).digest('hex');
  return { start: random.toString('hex', 0, 16), sha1, bytes };
}

const direct = { from: 'iflag=direct bs=1M', to: 'oflag=direct bs=64K' };

const writes: Step[] = variants.map(({ backend, bs, depth, offset, name }) => {
  const region = [`--offset=${offset}m`, '--size=1m', '--rw=write', '--no-time-based', `--bs=${bs}`];
  return report(
    `write: ${name}`,
    [`--backend=${backend}`, NG, ...region, `--iodepth=${depth}`, '--allow-overwrite'],
    { after: `dd if=/dev/nvme0n1 of=back.${offset} ${direct.from} skip=${offset} count=1` },
  );
});

const reads: Step[] = variants.map(({ backend, bs, name }, i) => {
  const region = [`--offset=${RANDOM_MIB}m`, `--size=${bs}`, '--rw=read', `--bs=${bs}`, '--runtime=1s'];
  return report(`read: ${name}`, [`--backend=${backend}`, NG, ...region], {
    ...(i === 0 ? { before: `dd if=random of=/dev/nvme0n1 ${direct.to} seek=${RANDOM_MIB * 16}` } : {}),
    memory: beginning(bs),
  });
});

const write4k = ['--rw=randwrite', '--size=1m', one];

const steps = [
  ...writes,
  ...reads,
  report('whole device', ['--backend=io_uring_cmd', NG, one]),
  report('no poll queues', ['--backend=io_uring_cmd+iopoll', '--filename=/dev/ng1n1', one]),
  report('others', [
    '--backend=io_uring,sync,linux-aio,posix-aio,io_uring_cmd',
    ...[NG, one, '--trials=1', '--reference=io_uring_cmd'],
  ]),
  report('plain', ['--backend=io_uring', NG, one]),
  report('block device', ['--backend=io_uring_cmd', '--filename=/dev/nvme0n1', one]),
  report('odd size', ['--backend=io_uring_cmd', NG, one, '--bs=1000']),
  report('unasked', ['--backend=io_uring_cmd', NG, ...write4k]),
  report('in use', ['--backend=io_uring_cmd', NG, ...write4k, '--allow-overwrite'], {
    before: 'PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F /dev/nvme0n1 16m',
  }),
  report('given up', ['--backend=io_uring_cmd', NG, ...write4k, '--destroy-device=/dev/ng0n1']),
];

describe('pass-through', { skip: noMachine }, () => {
  const { outcome, file } = useMachine(steps, { files: { random } });

  for (const { name, bs, offset, polls } of variants) {
    it(`writes what the block device reads: ${name}`, () => {
      const { total_ios: ios } = onlyTrial(outcome(`write: ${name}`));
      assert.equal(ios, MIB / bs);
      const back = file(`back.${offset}`);
      assert.equal(back.length, MIB);
      for (let at = 0; at < MIB; at += PAGE) {
        assert.equal(back.readBigUInt64LE(at), BigInt(offset * MIB + at), `block ${at / PAGE}`);
        assert.notEqual(back.readBigUInt64LE(at + PAGE - 8), 0n, `the end of block ${at / PAGE}`);
      }
    });

    it(`reads what the block device wrote: ${name}`, () => {
      assert.ok(outcome(`read: ${name}`).inMemory, 'it is in the buffer');
    });

    it(`goes past the block layer${polls ? ', polled' : ''}: ${name}`, () => {
      const step = outcome(`read: ${name}`);
      const { total_ios: ios } = onlyTrial(step);
      assert.ok(ios > 10);
      assert.equal(step.blockIos.nvme0n1, 0);
      if (polls) polled(step, 'nvme0');
      else interrupted(step, 'nvme0', ios);
    });
  }

  it('takes the whole device when no size is given', () => {
    const { jobs, environment } = resultOf(outcome('whole device'));
    assert.equal(jobs[0]?.options.size, 1024 * MIB);
    const [target] = environment.files;
    assert.deepEqual([target?.kind, target?.size_bytes, target?.device], ['char', 1024 * MIB, 'nvme0n1']);
  });

  it('says what ran when an alias of fio is used', () => {
    assert.equal(backendOf(resultOf(outcome('whole device'))).label, 'io_uring+passthrough');
  });

  it('warns that iopoll is none without poll queues, which the kernel does not refuse here', () => {
    const step = outcome('no poll queues');
    const result = resultOf(step);
    interrupted(step, 'nvme1', trialOf(result).total_ios);
    const [warning = ''] = warningsOf(result, 'not-polled');
    assert.match(warning, /^io_uring\+passthrough\+iopoll: .*\/dev\/ng1n1 has no poll queues/);
    assert.deepEqual(warningsOf(resultOf(outcome(`read: ${variants[2]?.name}`)), 'not-polled'), []);
  });

  it('is the only one that can use such a device, and the others say so', () => {
    const hint = /takes commands only: --backend io_uring\+passthrough/;
    failsWith(outcome('plain'), EXIT.failed, /\/dev\/ng0n1/, /EINVAL/, hint);
    const { code, stdout } = outcome('others');
    assert.equal(code, EXIT.failed);
    const result = JSON.parse(stdout);
    for (const label of ['io_uring', 'sync', 'linux-aio', 'posix-aio']) {
      const { status, reason } = backendOf(result, label);
      assert.equal(status, 'failed');
      assert.match(reason ?? '', hint, label);
    }
    assert.equal(trialOf(result, 'io_uring+passthrough').total_ios, IOS);
  });

  it('refuses block devices, and sizes that are no multiple of a block', () => {
    failsWith(outcome('block device'), EXIT.usage, /passthrough needs NVMe generic devices/);
    failsWith(outcome('odd size'), EXIT.usage, /bs=1000/, /512/);
  });

  it('guards what is on the device as if it were the block device', () => {
    failsWith(outcome('unasked'), EXIT.usage, /\/dev\/ng0n1/, /--allow-overwrite/);
    failsWith(outcome('in use'), EXIT.usage, /ext2\/3\/4 file system/, /--destroy-device=\/dev\/ng0n1/);
    assert.equal(onlyTrial(outcome('given up')).total_ios, IOS);
  });
});
