import { LIMITS, type StoredEnvelope, type StoreResult, type Versions } from '@restante/protocol';
import {
  allowOrigins,
  countAnswers,
  createHttpApp,
  jsonBody,
  methodNotAllowed,
  metricsRoute,
  ServiceError,
  speaks,
  type Logger,
  type Registry,
} from '@restante/service-kit';
import type { Express, RequestHandler } from 'express';
import type { LiveEvents } from '../mail/live-events.ts';
import type { MailboxQuota } from '../mail/mailbox-quota.ts';
import type { SenderShares } from '../mail/sender-shares.ts';
import type { MailboxStore } from '../mail/mailbox-store.ts';
import type { Metrics } from './metrics.ts';
import { blobRoutes, type BlobDeps } from './blobs.ts';
import { deleteMessage, deleteMessages } from './delete-messages.ts';
import { listIds, listMessages } from './list-messages.ts';
import { messageEvents } from './message-events.ts';
import { requireDevice, type OwnerDeps } from './owner.ts';
import { openMeshGate, type MeshGate } from './mesh.ts';
import type { RateLimit } from './rate-limit.ts';
import { requireMaster, storeMessages } from './store-messages.ts';

export type AppDeps = OwnerDeps & {
  readonly log: Logger;
  readonly registry: Registry;
  /** Origins of pages that may ask, beside the node's own. */
  readonly serverOrigins: readonly string[];
  readonly versions: Versions;
  readonly metrics: Metrics;
  readonly store: MailboxStore;
  readonly quota: MailboxQuota;
  readonly shares: SenderShares;
  readonly deletionRate: RateLimit;
  readonly events: LiveEvents;
  readonly takeIn: (envelopes: readonly StoredEnvelope[]) => Promise<StoreResult[]>;
  readonly isFollowing: () => boolean;
  readonly isComplete: () => boolean;
  readonly isFull: () => boolean;
  readonly isReady: () => boolean;
  /** What this machine's clock says; null while it is not believed. */
  readonly believedTime: () => number | null;
  readonly isDraining: () => boolean;
  readonly health: () => object;
  readonly blobs: Omit<BlobDeps, 'tokens'>;
  /** Null: a node alone. */
  readonly meshGate: MeshGate | null;
};

/** Once the node drains it answers nobody but operators, and closes each connection. */
const refuseWhenDraining =
  ({ isDraining }: AppDeps): RequestHandler =>
  (_request, response, next) => {
    if (!isDraining()) {
      next();
      return;
    }
    response.set('connection', 'close');
    throw new ServiceError('draining', 'this node is stopping', { retryAfterMs: 1_000 });
  };

/** The HTTP API of a mailbox node (docs/protocol.md). */
export const createApp = (deps: AppDeps): Express =>
  createHttpApp(
    deps.log,
    (app) => {
      app.get('/health', (_request, response) => {
        response.json(deps.health());
      });
      app.get('/ready', (_request, response) => {
        const isReady = deps.isReady();
        response.status(isReady ? 200 : 503).json({ ready: isReady, time: deps.believedTime() });
      });
      app.get('/metrics', metricsRoute(deps.registry));

      app.use('/messages', allowOrigins(deps.serverOrigins), speaks(deps.versions), refuseWhenDraining(deps));
      app.post('/messages', requireMaster(deps), ...jsonBody(LIMITS.storeBodyBytes), storeMessages(deps));
      app.post('/messages/delete', requireDevice(deps), ...jsonBody(), deleteMessages(deps));
      app.get('/messages/:accountId', listMessages(deps));
      app.get('/messages/:accountId/ids', listIds(deps));
      // Its answer would have no end, and nobody would read it.
      app.head('/messages/:accountId/events', methodNotAllowed);
      app.get('/messages/:accountId/events', messageEvents(deps));
      app.delete('/messages/:id', deleteMessage(deps));
      app.use('/blobs', allowOrigins(deps.serverOrigins), speaks(deps.versions), refuseWhenDraining(deps));
      blobRoutes(app, { ...deps.blobs, tokens: deps.tokens });
      if (deps.meshGate !== null) {
        app.use('/mesh', refuseWhenDraining(deps));
        openMeshGate(app, deps.meshGate);
      }
      for (const path of [
        '/health',
        '/ready',
        '/metrics',
        '/messages',
        '/messages/:id',
        '/messages/:id/ids',
        '/messages/:id/events',
      ]) {
        app.all(path, methodNotAllowed);
      }
    },
    { onError: deps.metrics.refuse, onAnswer: countAnswers(deps.registry, 'mailbox') },
  );
