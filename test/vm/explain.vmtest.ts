/** Tracing on other kernels, Linux 6.12 and 6.1, with what the host lacks: NVMe with poll queues. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lookForMachine } from './machine.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const vmRun = fileURLToPath(new URL('vm-run.sh', import.meta.url));
const program = 'build/check/plain/test_explain';

/** qemu's emulated CPU now and then runs into a jump that the guest's kernel is just writing: then it is booted again. */
const BOOTS = 4;

/** A panic of the guest's kernel in code that was being patched: the first byte of a jump, or of the nop in its place, is run over. */
const PATCHED = /Code: .* (e9 <[0-9a-f]{2}>|0f <1f> 44 00 00)[\s\S]*Kernel panic/;

/** The program's own words and exit code, in the machine. */
function inMachine(
  kernel: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  for (let boots = 1; ; boots++) {
    const ended = spawnSync(vmRun, [`native/${program}`, '/dev/nvme0n1', ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, VM_KERNEL: kernel, VM_TIMEOUT: '600' },
    });
    if (boots === BOOTS || !PATCHED.test(`${ended.stdout}${ended.stderr}`)) return ended;
    process.stderr.write('the guest kernel ran into code that it was patching; once more\n');
  }
}

// Of an old kernel, whose trace points have other arguments and which lacks some, a part is enough.
for (const [kernel, args] of [
  ['6.12', []],
  ['6.1', ['few']],
] as const) {
  test(`the programs load on Linux ${kernel}, count exactly, and see no interrupts of a polled device`, {
    skip: lookForMachine(kernel),
  }, () => {
    const made = spawnSync('make', ['-s', '-C', 'native', program], { cwd: root, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    // The test skips itself with 77 where nothing can be traced: that is a failure here.
    const { status, stdout, stderr } = inMachine(kernel, args);
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.equal(stdout, '', 'nothing was left out');
  });
}
