import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { RequestHandler } from 'express';
import type { Answer } from './http-app.ts';

export { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Memory that this process may take: the bound of its container, or else all of the machine's. */
const memoryLimitBytes = (): number => Math.min(process.constrainedMemory() || Infinity, totalmem());

/**
 * A registry of its own for one service, with its version, the process's memory, CPU and event loop delay, and the bounds of its
 * memory.
 */
export const createRegistry = (service: string): Registry => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'restante_build_info',
    help: 'Always 1; which service this is, and its version',
    labelNames: ['service', 'version'],
    registers,
  }).set({ service, version }, 1);
  new Gauge({
    name: 'restante_memory_limit_bytes',
    help: 'Memory that the process may take: of its container, or of the machine',
    registers,
  }).set(memoryLimitBytes());
  new Gauge({
    name: 'restante_heap_limit_bytes',
    help: 'Size that the JavaScript heap may grow to',
    registers,
  }).set(getHeapStatistics().heap_size_limit);
  return registry;
};

/** Counts answers of the REST interface; for `onAnswer` of `createHttpApp`. */
export const countAnswers = (registry: Registry, prefix: string): ((answer: Answer) => void) => {
  const answers = new Counter({
    name: `${prefix}_http_requests_total`,
    help: 'HTTP requests by route, method and status of the answer; `other` for what is no route',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  });
  return ({ route, method, status }) => answers.inc({ route, method, status });
};

/** `GET /metrics` in the Prometheus text format. */
export const metricsRoute =
  (registry: Registry): RequestHandler =>
  async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  };
