import { Pool } from 'undici';

export type Post = AsyncDisposable & {
  /** Sends one body. Throws when the answer is not a 2xx, or `isGood` refuses its text. */
  readonly send: (body: string) => Promise<void>;
};

/** Sends JSON bodies to one path over a fixed number of connections. Credentials of the URL become a header. */
export const openPost = (
  address: string,
  path: string,
  {
    connections,
    authorization,
    isGood,
  }: {
    readonly connections: number;
    readonly authorization?: string;
    readonly isGood: (answer: string) => boolean;
  },
): Post => {
  const url = new URL(address);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const headers = {
    'content-type': 'application/json',
    authorization: authorization ?? `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
  const pool = new Pool(url.origin, { connections, pipelining: 1 });
  return {
    send: async (body) => {
      const answer = await pool.request({ path, method: 'POST', headers, body });
      const text = await answer.body.text();
      if (answer.statusCode >= 300 || !isGood(text)) {
        throw new Error(`POST ${path} answered ${answer.statusCode}: ${text.slice(0, 200)}`);
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
};
