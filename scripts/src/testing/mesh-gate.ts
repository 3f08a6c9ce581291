import { parseCouchUrl } from '@restante/service-kit';
import type { Credentials } from '../cluster/secrets.ts';
import { forward, serve, type Served } from './serve.ts';

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/**
 * Stands in front of a CouchDB as its mailbox node does for the mesh, and looks after nothing by itself. It asks for the credentials, and
 * judges nothing.
 */
export const startMeshGate = (adminUrl: string, mesh: Credentials, reader: Credentials): Promise<Served> => {
  const { url, username, password } = parseCouchUrl(adminUrl);
  return serve((request, response) => {
    const [, way, path] = /^\/mesh\/(out|in\/[a-z0-9-]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const guest = way === 'out' ? reader : mesh;
    if (path === undefined || request.headers.authorization !== basic(guest.user, guest.password)) {
      response.writeHead(401).end();
      return;
    }
    forward(request, response, url + path, {
      ...request.headers,
      authorization: basic(username, password),
    });
  });
};
