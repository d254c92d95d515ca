/** Tracing on another kernel, Linux 6.12, with what the host lacks: NVMe with poll queues. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noMachine } from './machine.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const vmRun = fileURLToPath(new URL('vm-run.sh', import.meta.url));
const program = 'build/check/plain/test_explain';

/** qemu's emulated CPU now and then runs into a jump that the guest's kernel is just writing: then it is booted again. */
const BOOTS = 4;

/** A panic of the guest's kernel in code that was being patched: a jump's first byte is run over (`e9 <..>`). */
const PATCHED = /Code: .* e9 <[0-9a-f]{2}>[\s\S]*Kernel panic/;

/** The program's own words and exit code, in the machine. */
function inMachine(): { status: number | null; stdout: string; stderr: string } {
  for (let boots = 1; ; boots++) {
    const ended = spawnSync(vmRun, [`native/${program}`, '/dev/nvme0n1'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, VM_TIMEOUT: '600' },
    });
    if (boots === BOOTS || !PATCHED.test(`${ended.stdout}${ended.stderr}`)) return ended;
    process.stderr.write('the guest kernel ran into code that it was patching; once more\n');
  }
}

test('the programs load there, count exactly, and see no interrupts of a polled device', {
  skip: noMachine,
}, () => {
  const made = spawnSync('make', ['-s', '-C', 'native', program], { cwd: root, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  // The test skips itself with 77 where nothing can be traced: that is a failure here.
  const { status, stdout, stderr } = inMachine();
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.equal(stdout, '', 'nothing was left out');
});
