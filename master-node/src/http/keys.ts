import type { Express } from 'express';
import { z } from 'zod';
import { accountId, deviceId, type AccountId, type DeviceId, type KeyBundle } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody, ServiceError } from '@restante/service-kit';
import type { Directory } from '../directory/directory.ts';
import { onList } from '../directory/on-list.ts';
import type { KeyStockWatch } from '../live/key-stock-watch.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimits } from '../rate-limits.ts';
import { deviceOf, requireDevice, resource, type DeviceDeps } from './route.ts';

type Deps = DeviceDeps & {
  readonly directory: Directory;
  readonly keyStockWatch: KeyStockWatch;
  readonly rateLimits: Pick<RateLimits, 'keyFetches'>;
  readonly metrics: Pick<Metrics, 'keyFetches' | 'oneTimeKeys' | 'lastResortKeys'>;
};

const query = z.strictObject({ device: z.coerce.number().pipe(deviceId).optional() });

/** `/api/keys`, `/api/keys/:accountId` */
export const keyRoutes = (app: Express, deps: Deps): void => {
  const { directory, metrics, rateLimits } = deps;
  const authenticated = requireDevice(deps);

  const takeBundle = async (account: AccountId, device: DeviceId): Promise<KeyBundle | null> => {
    const address = { accountId: account, deviceId: device };
    const taken = await directory.takeKeyBundle(address);
    if (taken === null) return null;
    metrics.keyFetches.inc();
    if (taken.bundle.preKey) metrics.oneTimeKeys.inc({ kind: 'ec' });
    if (taken.hasOneTimeKyberPreKey) metrics.oneTimeKeys.inc({ kind: 'kyber' });
    else metrics.lastResortKeys.inc();
    if (taken.left !== null) deps.keyStockWatch.note(address, taken.left);
    return taken.bundle;
  };

  resource(app, '/api/keys/:accountId', {
    get: [
      authenticated,
      async (request, response) => {
        const { account, device } = {
          ...parseInput(z.object({ account: accountId }), { account: request.params['accountId'] }),
          ...parseInput(query, request.query),
        };
        const asker = deviceOf(response);
        const found = await directory.accountDevices(account);
        const wanted = (found ? onList(found) : [])
          .map((one) => one.deviceId)
          .filter((number) => device === undefined || number === device)
          .filter((number) => account !== asker.accountId || number !== asker.deviceId);
        if (found === null || (device !== undefined && wanted.length === 0)) {
          throw new ServiceError('not-found', 'no such account or device');
        }
        await rateLimits.keyFetches.take({ by: asker.accountId, of: account });
        const bundles = await Promise.all(wanted.map((number) => takeBundle(account, number)));
        answerWith(response, 'keyBundles', {
          accountId: account,
          list: found.list,
          bundles: bundles.filter((bundle) => bundle !== null),
        });
      },
    ],
  });

  resource(app, '/api/keys', {
    get: [
      authenticated,
      async (_request, response) => {
        const stock = await directory.keyStock(deviceOf(response));
        if (stock === null) throw new ServiceError('unauthorized', 'the device has been removed');
        answerWith(response, 'keyStock', stock);
      },
    ],
    put: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const keys = readBody(request, response, 'replenishKeys');
        const device = deviceOf(response);
        answerWith(response, 'keyStock', await directory.replenishKeys(device, keys));
      },
    ],
  });
};
