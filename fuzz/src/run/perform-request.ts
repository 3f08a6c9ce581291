import { Agent, request } from 'node:http';
import type { Input } from '../inputs/input.ts';
import { DEADLINE_MS, outcomeOf, unanswered, type Outcome } from './outcome.ts';

type Request = Pick<Extract<Input, { kind: 'requests' }>, 'to' | 'method' | 'path' | 'headers' | 'body'>;

/** A stream of events, or a feed that goes on. */
const isEndless = (type: string | undefined, path: string): boolean =>
  type === 'text/event-stream' || new URLSearchParams(path.split('?')[1]).get('feed') === 'continuous';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Once more when a connection that was kept had ended in the same moment. */
export const performRequest = (asked: Request, isAgain = false): Promise<Outcome> =>
  new Promise((resolve) => {
    const sinceMs = performance.now();
    const { hostname, port } = new URL(asked.to);
    const { method, path, headers, body } = asked;
    const sent = request({
      agent,
      hostname,
      port,
      method,
      path,
      headers: { ...headers, ...(body && { 'content-length': body.length }) },
    });
    const deadline = setTimeout(() => {
      resolve(unanswered(sinceMs));
      sent.destroy();
    }, DEADLINE_MS);
    sent.on('response', (response) => {
      clearTimeout(deadline);
      resolve(outcomeOf(String(response.statusCode), sinceMs));
      response.on('error', () => undefined);
      if (isEndless(response.headers['content-type'], path)) response.destroy();
      else response.resume();
    });
    sent.on('upgrade', (_response, socket) => socket.destroy());
    sent.on('error', () => {
      clearTimeout(deadline);
      resolve(sent.reusedSocket && !isAgain ? performRequest(asked, true) : outcomeOf('closed', sinceMs));
    });
    sent.end(body ?? undefined);
  });
