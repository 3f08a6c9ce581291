import {
  MEDIA_PATH,
  type FromServiceWorker,
  type MediaAnswer,
} from '../src/services/service-worker-messages.ts';

declare const self: ServiceWorkerGlobalScope;

/** What is answered here comes from other people: whatever it is, it is nothing but bytes for a player. */
const HARMLESS = {
  'cache-control': 'no-store',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

const pathOf = ({ url }: Request): string => new URL(url).pathname;

/** Whether this is nobody's to answer but ours: servers never hear of a medium. */
export const isMedium = (request: Request): boolean =>
  new URL(request.url).origin === self.location.origin && pathOf(request).startsWith(MEDIA_PATH);

const isPlayers = ({ method, mode, destination }: Request): boolean =>
  method === 'GET' && mode !== 'navigate' && (destination === 'audio' || destination === 'video');

/** Asks the tab that its player is in, and no other one: a URL is good there alone, and as long as the tab is there. */
const ask = async ({ clientId, request }: FetchEvent): Promise<MediaAnswer> => {
  const tab = await self.clients.get(clientId);
  if (tab === undefined) return { kind: 'gone' };
  const { port1, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<MediaAnswer>();
  port1.onmessage = ({ data }: MessageEvent<MediaAnswer>) => resolve(data);
  const id = pathOf(request).slice(MEDIA_PATH.length);
  const range = request.headers.get('range');
  tab.postMessage({ kind: 'read-medium', id, range } satisfies FromServiceWorker, [port2]);
  return promise.finally(() => port1.close());
};

const nothing = (status: number, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(null, { status, headers: { ...HARMLESS, ...headers } });

/** A piece of a medium for the player of a tab; 404 for everything and everybody else. */
export const answerMedium = async (event: FetchEvent): Promise<Response> => {
  const answer: MediaAnswer = isPlayers(event.request) ? await ask(event) : { kind: 'gone' };
  switch (answer.kind) {
    case 'piece': {
      const { type, size, from, content } = answer;
      return new Response(content, {
        status: 206,
        headers: {
          ...HARMLESS,
          'accept-ranges': 'bytes',
          'content-length': String(content.size),
          'content-range': `bytes ${from}-${from + content.size - 1}/${size}`,
          'content-type': type,
        },
      });
    }
    case 'no-range':
      return nothing(416, { 'content-range': `bytes */${answer.size}` });
    case 'later':
      return Response.error();
    case 'gone':
      return nothing(404);
  }
};
