import type { Express } from 'express';
import { accountId as accountIdSchema, type SignedDeviceList } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody, ServiceError } from '@restante/service-kit';
import { isSignedList } from '../accounts/device-list-signature.ts';
import type { SignIn } from '../accounts/sign-in.ts';
import type { Directory } from '../directory/directory.ts';
import type { Bus } from '../live/bus.ts';
import { deviceOf, requireDevice, resource, type DeviceDeps } from './route.ts';

type Deps = DeviceDeps & {
  readonly directory: Directory;
  readonly signIn: SignIn;
  readonly bus: Bus;
};

/** `/api/device-lists/:accountId`, `/api/device-list`, `/api/account-key` */
export const deviceListRoutes = (app: Express, deps: Deps): void => {
  const { directory, bus } = deps;
  const authenticated = requireDevice(deps);

  const keep = async (
    own: string,
    list: SignedDeviceList,
    by: Parameters<Directory['putDeviceList']>[1],
  ): Promise<void> => {
    if (list.accountId !== own)
      throw new ServiceError('bad-request', 'the list of another account', { path: 'list.accountId' });
    if (!isSignedList(list))
      throw new ServiceError('bad-request', 'the signature is wrong', { path: 'list.signature' });
    await directory.putDeviceList(list, by);
    bus.publish({ kind: 'devices-changed', accountId: own });
  };

  resource(app, '/api/device-lists/:accountId', {
    get: [
      authenticated,
      async (request, response) => {
        const list = await directory.deviceList(parseInput(accountIdSchema, request.params['accountId']));
        if (list === null) throw new ServiceError('not-found', 'no such account, or no list of it');
        answerWith(response, 'signedDeviceList', list);
      },
    ],
  });

  resource(app, '/api/device-list', {
    put: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const { list } = readBody(request, response, 'putDeviceList');
        await keep(deviceOf(response).accountId, list, 'same key');
        response.status(204).end();
      },
    ],
  });

  resource(app, '/api/account-key', {
    put: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const { password, list } = readBody(request, response, 'replaceAccountKey');
        const device = deviceOf(response);
        const account = await directory.account(device.accountId);
        if (account === null) throw new ServiceError('unauthorized', 'the account has been removed');
        await deps.signIn({ device }, password, account);
        await keep(device.accountId, list, 'another key');
        response.status(204).end();
      },
    ],
  });
};
