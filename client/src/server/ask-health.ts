import { isAway, MessengerError } from '../messenger-error.ts';
import type { Http } from './http.ts';

/** One that takes longer is no better than one that is away. */
const TIMEOUT_MS = 4_000;

/** How a master is, by its own word. Throws when it does not answer, or cannot serve. */
export const askHealth = async (
  http: Http,
  server: string,
  signal: AbortSignal,
): Promise<'ok' | 'degraded'> => {
  try {
    const request = { server, path: '/api/status', method: 'GET', signal, timeoutMs: TIMEOUT_MS } as const;
    return (await http.ask('serverStatus', request)).status;
  } catch (error) {
    // A master of an earlier version knows no such question, and is there.
    if (
      error instanceof MessengerError &&
      (error.code === 'not-found' || error.code === 'unsupported-version')
    )
      return 'ok';
    throw isAway(error)
      ? error
      : new MessengerError('unreachable', 'the server cannot serve', { cause: error });
  }
};
