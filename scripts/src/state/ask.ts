/** What a service answers with; null when there is no answer in JSON, whatever its status otherwise. */
export type Answer = { readonly ok: boolean; readonly body: unknown } | null;

const textOf = async (answer: Response, maxBytes: number): Promise<string> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const body: ReadableStream<Uint8Array> | null = answer.body;
  if (body === null) return '';
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
};

/** Asks for JSON of at most `maxBytes`. */
export const ask = async (url: string, deadlineMs: number, maxBytes: number): Promise<Answer> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(deadlineMs) });
    return { ok: answer.ok, body: JSON.parse(await textOf(answer, maxBytes)) };
  } catch {
    return null;
  }
};
