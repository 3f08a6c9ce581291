import { request, type Dispatcher } from 'undici';
import { z } from 'zod';
import { readJson } from './read-json.ts';

/** What a mailbox node answers to `GET /ready`. */
export type Readiness = {
  readonly isReady: boolean;
  /** What its machine's clock says; null: it does not believe it, or is of a version that does not tell it. */
  readonly timeMs: number | null;
};

const MAX_BYTES = 4 * 1024;

const answer = z.object({ time: z.int().nonnegative().nullish() });

/** Asks a mailbox node, by its base URL, whether it is ready, and for the time. Null: no answer, or one that is none. */
export const askReady = async (
  node: string,
  options: { readonly signal: AbortSignal; readonly dispatcher?: Dispatcher },
): Promise<Readiness | null> => {
  try {
    const { statusCode, body } = await request(`${node}/ready`, options);
    const { time = null } = answer.parse(await readJson(body, MAX_BYTES));
    return { isReady: statusCode === 200, timeMs: time };
  } catch {
    return null;
  }
};
