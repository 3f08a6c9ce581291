import type { Express } from 'express';
import {
  answerWith,
  metricsRoute,
  ServiceError,
  type ClockHealth,
  type Registry,
  type SetAsideDocument,
} from '@restante/service-kit';
import type { ServerState } from '../directory/couch-servers.ts';
import type { BusState } from '../live/bus.ts';
import { resource } from './route.ts';

export type Health = {
  /** `degraded`: it serves, and has no way to the other masters. */
  readonly status: 'ok' | 'degraded' | 'draining';
  readonly connections: number;
  readonly clock: ClockHealth;
  /** CouchDBs of the directory, in order of preference. */
  readonly directory: readonly ServerState[];
  /** Documents of the directory that are not what they should be. */
  readonly setAside: {
    readonly counts: Readonly<Record<string, number>>;
    readonly examples: readonly SetAsideDocument<string>[];
  };
  readonly mailboxNodes: readonly { readonly name: string; readonly up: boolean }[];
  /** Between the masters of the same people, of which there should be `masters`. */
  readonly bus: BusState & { readonly masters: number };
};

type Deps = {
  readonly health: () => Health;
  /** Whether this master can serve: not stopping, and it has reached the directory since it started. */
  readonly isReady: () => Promise<boolean>;
  readonly registry: Registry;
};

/** `/health`, `/ready`, `/metrics`; and `/api/status`, for clients that choose between servers. */
export const statusRoutes = (app: Express, { health, isReady, registry }: Deps): void => {
  const beReady = async (): Promise<void> => {
    if (health().status === 'draining') throw new ServiceError('draining', 'this server stops');
    if (!(await isReady())) throw new ServiceError('unavailable', 'the directory was not reached yet');
  };
  resource(app, '/health', { get: [(_request, response) => void response.json(health())] });
  resource(app, '/ready', {
    get: [
      async (_request, response) => {
        await beReady();
        response.json({ status: 'ready' });
      },
    ],
  });
  resource(app, '/api/status', {
    get: [
      async (_request, response) => {
        await beReady();
        const isOk = health().status === 'ok' && health().directory.some(({ up }) => up);
        answerWith(response, 'serverStatus', { status: isOk ? 'ok' : 'degraded' });
      },
    ],
  });
  resource(app, '/metrics', { get: [metricsRoute(registry)] });
};
