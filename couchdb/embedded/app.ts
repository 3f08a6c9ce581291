import express, { type Express, type RequestHandler } from 'express';
import type { Authentication } from './access/authentication.ts';
import { unauthorized } from './couch-error.ts';
import { allDocsRoutes } from './http/all-docs-routes.ts';
import { attachmentRoutes } from './http/attachment-routes.ts';
import { bulkRoutes } from './http/bulk-routes.ts';
import type { CallLocals } from './http/call.ts';
import { changesRoutes } from './http/changes-routes.ts';
import { databaseRoutes } from './http/database-routes.ts';
import { documentRoutes } from './http/document-routes.ts';
import { createFaultLog } from './fault-log.ts';
import { errorHandler, unknownRoute } from './http/errors.ts';
import { findRoutes } from './http/find-routes.ts';
import { replicationRoutes } from './http/replication-routes.ts';
import { revisionRoutes } from './http/revision-routes.ts';
import { serverRoutes } from './http/server-routes.ts';
import { sessionRoutes } from './http/session-routes.ts';
import type { Log } from './log.ts';
import type { Replicator } from './replicator/replicator.ts';
import type { Databases } from './storage/databases.ts';

export interface AppDeps {
  databases: Databases;
  authentication: Authentication;
  replicator: Replicator;
  log: Log;
}

/** The HTTP interface of the server. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.set('etag', false);
  app.set('x-powered-by', false);
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.use(prepareCall, identify(deps));
  app.use(
    serverRoutes(deps),
    sessionRoutes(deps),
    replicationRoutes(deps),
    databaseRoutes(deps),
    bulkRoutes(deps),
    allDocsRoutes(deps),
    changesRoutes(deps),
    revisionRoutes(deps),
    findRoutes(deps),
    documentRoutes(deps),
    attachmentRoutes(deps),
  );
  app.use(unknownRoute, errorHandler(createFaultLog(deps.log)));
  return app;
}

const prepareCall: RequestHandler = (_request, response, next) => {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  response.locals['signal'] = gone.signal;
  response.setHeader('server', 'CouchDB/3.5.0 (Restante embedded)');
  response.setHeader('cache-control', 'must-revalidate');
  next();
};

/** Everybody has to have a name, but for asking whether the server is up and for logging in. */
function identify({ authentication }: AppDeps): RequestHandler {
  return async ({ headers, path, method }, response, next) => {
    const isOpen = path === '/_up' || (path === '/_session' && method !== 'GET');
    const user =
      isOpen && headers.authorization === undefined ? undefined : await authentication.identify(headers);
    if (user?.name === null) throw unauthorized('Authentication required.');
    const locals: Partial<CallLocals> = { user: user ?? { name: null, roles: [] } };
    Object.assign(response.locals, locals);
    next();
  };
}
