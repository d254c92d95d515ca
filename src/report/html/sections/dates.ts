/** Dates as reports show them. */

/** "2026-11-22 10:31 UTC"; a text that is no date as it is. */
export function dateText(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
