import type { Couch } from '@restante/scripts/cluster';

/**
 * All that whoever has the node `own`, whole, can try at another one: both sides of its gate, and its CouchDB, each with the credentials
 * that the node was given for reading there, and with those by which its own CouchDB writes at home. Addresses of databases.
 */
export const attemptsAt = ({ readerUrl, adminUrl }: Couch, own: Couch): string[] => {
  const places = [
    new URL('/mesh/out', readerUrl),
    new URL(`/mesh/in/${own.name}`, readerUrl),
    new URL(adminUrl),
  ];
  return [readerUrl, own.meshUrl].flatMap((url) => {
    const { username, password } = new URL(url);
    return places.map(({ href }) => Object.assign(new URL(href), { username, password }).href);
  });
};
