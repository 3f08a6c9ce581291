import { Socket } from 'node:net';
import { relative, sep } from 'node:path';
import { createHttpApp, listen, type Logger } from '@restante/service-kit';
import { cacheControlOf, securityHeaders } from '@restante/web-client/headers';
import compression from 'compression';
import express, { type RequestHandler } from 'express';
import type { FrontConfig } from './config.ts';
import { watchCell } from '../watch/cell-state.ts';
import { clusterRoutes } from '../watch/cluster-routes.ts';
import { watchOwnServer } from '../watch/own-server.ts';
import { createProxy } from './proxy.ts';

/**
 * The front: one origin for one machine, as nginx is in production. `/api` and `/ws` go to a master that is there; below
 * `/node1/`, `/node2/` ... what the owners of mailboxes ask the mailbox nodes, and nothing else; `/` is the messenger,
 * `/cluster/` a page with the cluster's state: all of it when nobody but this machine can ask.
 */
export type Front = AsyncDisposable & { readonly url: string };

const STOP_DEADLINE_MS = 3_000;
const SERVER = 'this machine';
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
/** As nginx.conf has it. */
const OF_OWNERS = /^(?:\/messages\/[\w-]+(?:\/(?:ids|events))?|\/blobs\/[\w-]+(?:\/\d+)?)$/;

const files = (
  folder: string,
  { serverOrigins, objectStoreOrigin }: Pick<FrontConfig, 'serverOrigins' | 'objectStoreOrigin'>,
): RequestHandler =>
  express.static(folder, {
    cacheControl: false,
    setHeaders: (response, file) => {
      response.set(securityHeaders(serverOrigins, objectStoreOrigin));
      response.set('cache-control', cacheControlOf(`/${relative(folder, file).split(sep).join('/')}`));
    },
  });

/** Rejects when the port is not free. */
export const startFront = async (config: FrontConfig, log: Logger): Promise<Front> => {
  const master = createProxy('the master', config.masterUrls, config.serverOrigins);
  const nodes = config.mailboxNodeUrls.map((url, index) =>
    createProxy(`mailbox node ${index + 1}`, [url], config.serverOrigins),
  );
  const cell = watchCell([{ name: SERVER, url: '' }], {
    name: SERVER,
    state: watchOwnServer({
      masterUrls: config.masterUrls,
      masterCount: config.masterUrls.length,
      mailboxNodes: config.mailboxNodeUrls.map((url, index) => ({ name: `node${index + 1}`, url })),
      certificates: [],
    }),
  });

  const app = createHttpApp(log, (routes) => {
    routes.use('/api', (request, response) => {
      request.url = request.originalUrl;
      master.web(request, response);
    });
    for (const [index, node] of nodes.entries()) {
      routes.use(`/node${index + 1}`, (request, response, next) => {
        if (OF_OWNERS.test(request.path)) node.web(request, response);
        else next();
      });
    }
    routes.get('/ready', (_request, response) => response.json({ ready: true }));
    routes.use(compression());
    clusterRoutes(routes, { cell, access: LOOPBACK.includes(config.host) ? 'anybody' : 'nobody' });
    if (config.messengerDir !== null) routes.use(files(config.messengerDir, config));
  });

  const http = await listen(app, { host: config.host, port: config.port });
  const upgraded = new Set<Socket>();
  http.server.on('upgrade', (request, duplex, head) => {
    if (!(duplex instanceof Socket)) {
      duplex.destroy();
      return;
    }
    const socket = duplex;
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    if (request.url === '/ws') master.upgrade(request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  return {
    url: http.url,
    [Symbol.asyncDispose]: async () => {
      for (const socket of upgraded) socket.destroy();
      await http.close(STOP_DEADLINE_MS);
    },
  };
};
