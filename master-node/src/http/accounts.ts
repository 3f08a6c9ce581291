import type { Express } from 'express';
import { accountId as accountIdSchema, username, type DeviceAddress } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody, ServiceError } from '@restante/service-kit';
import { hashDeviceSecret, mintDeviceSecret } from '../accounts/device-secret.ts';
import type { IssueSession } from '../accounts/issue-session.ts';
import type { Passwords } from '../accounts/password.ts';
import type { Registration } from '../accounts/registration.ts';
import type { SignIn } from '../accounts/sign-in.ts';
import type { Directory } from '../directory/directory.ts';
import type { Bus } from '../live/bus.ts';
import { deviceOf, keptBytes, requireDevice, resource, type DeviceDeps } from './route.ts';

type Deps = DeviceDeps & {
  readonly directory: Directory;
  readonly passwords: Passwords;
  readonly signIn: SignIn;
  readonly issueSession: IssueSession;
  readonly registration: Registration;
  readonly bus: Bus;
};

/** `/api/accounts`, `/api/accounts/:username`, `/api/removed-accounts/:accountId`, `/api/account`, `/api/account/password` */
export const accountRoutes = (app: Express, deps: Deps): void => {
  const { directory, passwords, issueSession, bus } = deps;
  const authenticated = requireDevice(deps);
  const gone = (): ServiceError => new ServiceError('unauthorized', 'the account has been removed');

  resource(app, '/api/accounts', {
    post: [
      ...jsonBody(),
      async (request, response) => {
        const { device, ...asked } = readBody(request, response, 'newAccount');
        const deviceSecret = mintDeviceSecret();
        const secretHash = hashDeviceSecret(deviceSecret);
        const address = await deps.registration.register(request.ip ?? '', {
          ...{ ...asked, device: { ...device, secretHash } },
          bytes: keptBytes(device),
        });
        const session = await issueSession(address, {
          username: asked.username,
          tokenGeneration: 0,
          list: null,
        });
        answerWith(response.status(201), 'registeredDevice', { ...session, deviceSecret });
      },
    ],
  });

  resource(app, '/api/accounts/:username', {
    get: [
      authenticated,
      async (request, response) => {
        const name = parseInput(username, request.params['username']);
        const accountId = await directory.findUsername(name);
        const account = accountId && (await directory.account(accountId));
        if (!account) throw new ServiceError('not-found', 'no such account');
        answerWith(response, 'account', { accountId: account.accountId, username: name, list: account.list });
      },
    ],
  });

  resource(app, '/api/removed-accounts/:accountId', {
    get: [
      authenticated,
      async (request, response) => {
        const account = parseInput(accountIdSchema, request.params['accountId']);
        if (!(await directory.isRemoved(account)))
          throw new ServiceError('not-found', 'there is no record that such an account has ended');
        response.status(204).end();
      },
    ],
  });

  resource(app, '/api/account', {
    delete: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const { password } = readBody(request, response, 'deleteAccount');
        const device = deviceOf(response);
        const { accountId } = device;
        const account = await directory.account(accountId);
        if (account === null) throw gone();
        await deps.signIn({ device }, password, account);
        await directory.deleteAccount(accountId);
        bus.publish({ kind: 'devices-changed', accountId });
        response.status(204).end();
      },
    ],
  });

  const removeOthers = async ({ accountId, deviceId }: DeviceAddress): Promise<void> => {
    const others = (await directory.devices(accountId))?.filter((each) => each.deviceId !== deviceId) ?? [];
    await Promise.all(others.map((each) => directory.removeDevice({ accountId, deviceId: each.deviceId })));
  };

  resource(app, '/api/account/password', {
    put: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const { password, newPassword, removeOtherDevices } = readBody(request, response, 'changePassword');
        const { accountId, deviceId } = deviceOf(response);
        const account = await directory.account(accountId);
        if (account === null) throw gone();
        await deps.signIn({ device: { accountId, deviceId } }, password, account);
        const passwordHash = await passwords.hash(newPassword);
        // Before, so that what fails is asked for again with the old password; after, for who came in between with that.
        if (removeOtherDevices) await removeOthers({ accountId, deviceId });
        const tokenGeneration = await directory.changePassword(accountId, passwordHash);
        if (tokenGeneration === null) throw gone();
        if (removeOtherDevices) await removeOthers({ accountId, deviceId });
        bus.publish({ kind: 'devices-changed', accountId });
        const session = await issueSession({ accountId, deviceId }, { ...account, tokenGeneration });
        answerWith(response, 'session', session);
      },
    ],
  });
};
