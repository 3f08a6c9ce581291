import {
  countAnswers,
  createHttpApp,
  createLog,
  listen,
  metricsRoute,
  type Logger,
} from '@restante/service-kit';
import { watchCell } from './cell-state.ts';
import { clusterRoutes } from './cluster-routes.ts';
import type { WatchConfig } from './config.ts';
import { createMetrics } from './metrics.ts';
import { createOperator } from './operator.ts';
import { watchOwnServer } from './own-server.ts';

/**
 * The watch of a server: `/health` tells the other servers how this one is, `/cluster/` tells people and the operator how the cell is. It
 * has no credentials and reads only what services tell anybody inside.
 */
export type Watch = AsyncDisposable & { readonly url: string };

const STOP_DEADLINE_MS = 3_000;

/** Rejects when the port is not free. */
export const startWatch = async (
  config: WatchConfig,
  log: Logger = createLog('watch', config.logLevel),
): Promise<Watch> => {
  const own = watchOwnServer(config.own);
  const cell = watchCell(config.servers, { name: config.name, state: own });
  const metrics = createMetrics(cell, own);
  const app = createHttpApp(
    log,
    (routes) => {
      routes.set('trust proxy', config.trustProxy);
      routes.get('/health', async (_request, response) => response.json(await own()));
      routes.get('/ready', (_request, response) => response.json({ status: 'ready' }));
      routes.get('/metrics', metricsRoute(metrics.registry));
      clusterRoutes(routes, {
        cell,
        access: config.operatorPassword === null ? 'nobody' : createOperator(config.operatorPassword),
        onLogin: (result) => metrics.logins.inc({ result }),
      });
    },
    { onAnswer: countAnswers(metrics.registry, 'watch') },
  );
  const http = await listen(app, config);
  log.info({ event: 'ready', url: http.url }, 'the watch answers');
  return { url: http.url, [Symbol.asyncDispose]: () => http.close(STOP_DEADLINE_MS) };
};
