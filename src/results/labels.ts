/** Labels of runs: short names with values, chosen by whoever runs them. */
import { usageError } from '../errors.ts';

/** What a key may be: every format takes it as the name of a tag or column, behind `label_`. */
export const LABEL_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * `KEY=VALUE` of each, the last of a key. A key's `-` is `_`, as in names of options.
 * @throws BenchError (usage)
 */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      const key = text.slice(0, Math.max(equals, 0)).trim().replaceAll('-', '_');
      const value = text.slice(equals + 1).trim();
      if (equals < 0 || value === '')
        throw usageError(`label=${text} has no value`, 'KEY=VALUE, like --label disk=new');
      if (LABEL_KEY.test(key)) return [key, value];
      throw usageError(`label=${text}: '${key}' is no key`, 'letters, digits and _, not a digit first');
    }),
  );
}
