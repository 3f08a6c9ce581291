import type { Express } from 'express';
import type { Versions } from '@restante/protocol';
import { allowOrigins, createHttpApp, speaks, type Answer, type Logger } from '@restante/service-kit';
import { accountRoutes } from './accounts.ts';
import { blobRoutes } from './blobs.ts';
import { deviceListRoutes } from './device-lists.ts';
import { deviceRoutes } from './devices.ts';
import { keyRoutes } from './keys.ts';
import { rendezvousRoutes } from './rendezvous.ts';
import { noStore } from './route.ts';
import { statusRoutes } from './status.ts';
import { tokenRoutes } from './tokens.ts';

export type AppDeps = Parameters<typeof accountRoutes>[1] &
  Parameters<typeof deviceRoutes>[1] &
  Parameters<typeof deviceListRoutes>[1] &
  Parameters<typeof tokenRoutes>[1] &
  Parameters<typeof keyRoutes>[1] &
  Parameters<typeof blobRoutes>[1] &
  Parameters<typeof rendezvousRoutes>[1] &
  Parameters<typeof statusRoutes>[1] & {
    /** Express's `trust proxy`: whose word on the caller's address counts; null for nobody's. */
    readonly trustProxy: string | null;
    /** Origins of browsers' pages that may ask, beside this server's own. */
    readonly allowedOrigins: readonly string[];
    readonly versions: Versions;
    readonly onAnswer: (answer: Answer) => void;
    readonly log: Logger;
  };

const trust = (text: string): string | number | boolean => {
  if (text === 'true') return true;
  return /^\d+$/.test(text) ? Number(text) : text;
};

/** The REST side of a master. */
export const createApp = (deps: AppDeps): Express =>
  createHttpApp(
    deps.log,
    (app) => {
      if (deps.trustProxy !== null) app.set('trust proxy', trust(deps.trustProxy));
      app.use('/api', allowOrigins(deps.allowedOrigins), noStore, speaks(deps.versions));
      accountRoutes(app, deps);
      deviceRoutes(app, deps);
      deviceListRoutes(app, deps);
      tokenRoutes(app, deps);
      keyRoutes(app, deps);
      blobRoutes(app, deps);
      rendezvousRoutes(app, deps);
      statusRoutes(app, deps);
    },
    { onAnswer: deps.onAnswer },
  );
