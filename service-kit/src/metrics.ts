import { collectDefaultMetrics, Registry } from 'prom-client';
import type { RequestHandler } from 'express';

export { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A registry of its own for one service, with the process's memory, CPU and event loop delay. */
export const createRegistry = (): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
};

/** `GET /metrics` in the Prometheus text format. */
export const metricsRoute =
  (registry: Registry): RequestHandler =>
  async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  };
