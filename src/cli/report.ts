/** `uring-bench report FILE...`: one HTML page of stored results, to be handed on. */
import { readOptions } from '../options/option-reader.ts';
import type { Invocation } from './program.ts';
import { showStored } from './show.ts';

/** What `show` does, but in HTML unless another format is asked for. */
export async function reportCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  return showStored({ 'output-format': 'html', ...raw }, operands);
}
