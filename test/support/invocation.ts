/** What a command line calls, without doing it. */
import assert from 'node:assert/strict';
import { commands } from '../../src/cli/commands.ts';
import { type Invocation, runProgram } from '../../src/cli/program.ts';

/**
 * Reads a command line with the real commands, whose actions only tell what they were called with.
 * @param argv as it is typed, without the program's name
 * @throws BenchError (usage)
 */
export async function invocationOf(argv: readonly string[]): Promise<Invocation & { command: string }> {
  const calls: (Invocation & { command: string })[] = [];
  const told = commands.map((command) => ({
    ...command,
    action: async (invocation: Invocation) => {
      calls.push({ ...invocation, command: command.name });
      return 0;
    },
  }));
  await runProgram({ name: 'uring-bench', version: () => '1.2.3', commands: told, columns: 80 }, argv);
  const [call] = calls;
  assert.ok(call && calls.length === 1, argv.join(' '));
  return call;
}
