import { readJson } from '@restante/service-kit';

/** What a service answers with; null when there is no answer in JSON, whatever its status otherwise. */
export type Answer = { readonly ok: boolean; readonly body: unknown } | null;

/** Asks for JSON of at most `maxBytes`. */
export const ask = async (url: string, deadlineMs: number, maxBytes: number): Promise<Answer> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(deadlineMs) });
    const body: ReadableStream<Uint8Array> | null = answer.body;
    return body && { ok: answer.ok, body: await readJson(body, maxBytes) };
  } catch {
    return null;
  }
};
