/** Bytes from `from` up to, and without, `to`. */
export type ByteRange = { readonly from: number; readonly to: number };

/**
 * What the header of a request asks for (RFC 9110, 14.2) of something of `size` bytes. Null: nothing of it, more than one range, or no header at
 * all: without one a piece is no answer.
 */
export const byteRange = (header: string | null, size: number): ByteRange | null => {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (asked === null) return null;
  const [, first = '', last = ''] = asked;
  if (first === '' && last === '') return null;
  const range =
    first === ''
      ? { from: Math.max(0, size - Number(last)), to: size }
      : { from: Number(first), to: last === '' ? size : Math.min(size, Number(last) + 1) };
  return range.from < range.to ? range : null;
};
