/**
 * Endings of files that people name in texts, and that are top-level domains as well: `readme.md` is no page in Moldova.
 * Not here: endings of few files that are domains of many people, such as `pl` and `ai`.
 */
const FILE_ENDINGS: ReadonlySet<string> = new Set([
  ...['cc', 'cf', 'gd', 'la', 'md', 'mk', 'ml', 'mm', 'mo', 'mov', 'nc', 'pm', 'pro', 'ps', 'py', 'rs', 'sc'],
  ...['sh', 'so', 'sv', 'tf', 'zip'],
]);

/** Whether a bare name is a file's as far as anybody can tell. A path behind it, or `www.` before it, makes it a host's. */
export const isFileName = (name: string): boolean => {
  const [host = ''] = /^[^/?#:]*/.exec(name.toLowerCase()) ?? [];
  if (name[host.length] === '/' || host.startsWith('www.')) return false;
  return FILE_ENDINGS.has(host.slice(host.lastIndexOf('.') + 1));
};
