/** Stored results for lists and histories: from their summaries alone, any number of them. */
import { BenchError } from '../errors.ts';
import { printable } from '../report/text/text.ts';
import { type ListedFile, parseListed } from '../results/listed.ts';
import { readStoredText } from './stored.ts';
import { tell } from './terminal.ts';

/** What can be read, and a line on stderr for what cannot. */
export async function readListed(paths: readonly string[]): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  // Only what is listed of each is kept, so that there may be any number of them.
  for (const path of paths) {
    try {
      files.push(parseListed(readStoredText(path), path === '-' ? 'standard input' : path));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      await tell(`uring-bench: ${printable(error.message)}\n`);
    }
  }
  return files;
}
