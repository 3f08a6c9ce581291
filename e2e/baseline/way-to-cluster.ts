import type { MessengerOptions } from '@restante/client';
import { ORIGIN } from './story.ts';

/** How a messenger in Node comes to a cluster by the address of the record. `front`: its URL. */
export const wayTo = (front: string): Pick<MessengerOptions, 'fetch' | 'WebSocket'> => {
  const there = (url: string): string => url.replace(ORIGIN, front);
  return {
    fetch: (input, init) =>
      fetch(typeof input === 'string' || input instanceof URL ? there(String(input)) : input, init),
    WebSocket: class extends WebSocket {
      constructor(...[url, protocols]: ConstructorParameters<typeof WebSocket>) {
        super(there(String(url).replace(/^ws/, 'http')).replace(/^http/, 'ws'), protocols);
      }
    },
  };
};

/** The same for a Chromium, which takes the origin for a secure one. */
export const argumentsFor = (front: string): string[] => [
  `--host-resolver-rules=MAP ${new URL(ORIGIN).hostname}:80 ${new URL(front).host}`,
  `--unsafely-treat-insecure-origin-as-secure=${ORIGIN}`,
];
