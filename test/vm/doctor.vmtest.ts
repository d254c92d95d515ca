/** What `doctor` says of NVMe drives, and of a kernel whose switch forbids io_uring. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/results/schema.ts';
import { noMachine, useMachine } from './machine.ts';

const doctor = (name: string, ...more: string[]) => ({
  name,
  args: ['doctor', ...more, '--output-format=json'],
});
const SWITCH = '/proc/sys/kernel/io_uring_disabled';

const steps = [
  doctor('drive', '/dev/nvme0n1'),
  doctor('generic', '/dev/ng0n1'),
  { ...doctor('forbidden'), before: `echo 2 > ${SWITCH}`, after: `cat ${SWITCH} > switch` },
];

describe('doctor in a machine of its own', { skip: noMachine }, () => {
  const { outcome, file } = useMachine(steps);

  function findingOf(step: string, id: string): Finding {
    const { code, stdout, stderr } = outcome(step);
    assert.equal(code, 0, stderr);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const found = findings.find((finding) => finding.id === id);
    assert.ok(found, `nothing is said of ${id}`);
    return found;
  }

  it('knows the drive, by both of its faces', () => {
    for (const step of ['drive', 'generic']) {
      assert.match(findingOf(step, 'device-model').text, /^nvme0n1: .*, firmware .*, nvme\/pcie/);
      assert.match(findingOf(step, 'device-chain').text, /^nvme0n1 \(nvme\/pcie\)$/);
      assert.match(findingOf(step, 'file-system').text, /no file system is between/);
    }
    assert.match(findingOf('drive', 'device-queues').text, /^\d+ hardware queues?, \d+ requests each/);
    assert.match(findingOf('drive', 'direct-io').text, /^bs and offset a multiple of 512 bytes/);
    assert.match(findingOf('drive', 'polling').text, /poll/);
  });

  it("names the kernel's switch when it forbids io_uring", () => {
    assert.equal(file('switch').toString().trim(), '2');
    const { state, text, mend } = findingOf('forbidden', 'io-uring');
    assert.equal(state, 'missing');
    assert.match(text, /^kernel\.io_uring_disabled=2 forbids it to everybody \(io_uring_setup: EPERM\)/);
    assert.equal(mend, 'sudo sysctl kernel.io_uring_disabled=0');
  });
});
