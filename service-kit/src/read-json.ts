/**
 * Reads what another service has answered, of which at most `maxBytes` are kept.
 *
 * @throws RangeError when there is more, SyntaxError when it is no JSON
 */
export const readJson = async (body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<unknown> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
};
