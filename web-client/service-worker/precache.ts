/** A file of the messenger as the build lists it. */
export type BuiltFile = { readonly url: string; readonly integrity: string };

const policyOf = ({ headers }: Response): string | null => headers.get('content-security-policy');

const PREFIX = 'restante-files-';

/**
 * The files of one version of the messenger, kept for opening it without a network. Nothing else is ever kept: what is
 * not in the list goes to the network.
 */
export const createPrecache = (files: readonly BuiltFile[]) => {
  const paths = new Set(files.map(({ url }) => new URL(url, location.href).pathname));
  const nameOf = async (): Promise<string> => {
    const list = new TextEncoder().encode(JSON.stringify(files));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', list));
    return PREFIX + Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const name = nameOf();
  const fetchAll = async (mode: RequestCache): Promise<void> => {
    const cache = await caches.open(await name);
    await cache.addAll(files.map(({ url, integrity }) => new Request(`/${url}`, { integrity, cache: mode })));
  };

  return {
    /** Fetches all files; fails when one of them is not what was built. */
    fill: () => fetchAll('no-cache'),
    /**
     * Fetches the same files once more when they come with another policy by now: it names the servers that the messenger may connect to.
     * Without an answer, and with files of another version, all stays as it is.
     */
    renewPolicy: async (): Promise<void> => {
      const path = '/index.html';
      const kept = await (await caches.open(await name)).match(path);
      const served = await fetch(path, { method: 'HEAD', cache: 'no-store' });
      if (served.ok && kept !== undefined && policyOf(kept) !== policyOf(served)) await fetchAll('reload');
    },
    removeOthers: async (): Promise<void> => {
      const current = await name;
      const others = (await caches.keys()).filter((key) => key.startsWith(PREFIX) && key !== current);
      await Promise.all(others.map((key) => caches.delete(key)));
    },
    /** The path of the kept file that answers this request, or null. */
    pathOf: ({ method, url }: Request): string | null => {
      const { origin, pathname } = new URL(url);
      const path = pathname === '/' ? '/index.html' : pathname;
      return method === 'GET' && origin === location.origin && paths.has(path) ? path : null;
    },
    /** The kept file, from the network if the browser has thrown it away. */
    answer: async (path: string): Promise<Response> =>
      (await (await caches.open(await name)).match(path)) ?? fetch(path),
  };
};
