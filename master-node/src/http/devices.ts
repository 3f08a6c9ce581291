import type { Express } from 'express';
import { deviceId, type LinkedDevice, type NewDevice, type SigningIn } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody, ServiceError } from '@restante/service-kit';
import { hashDeviceSecret, mintDeviceSecret } from '../accounts/device-secret.ts';
import { createEvenRefusals } from '../accounts/even-refusals.ts';
import type { DeviceGrants } from '../accounts/device-grants.ts';
import type { IssueSession } from '../accounts/issue-session.ts';
import type { SignIn } from '../accounts/sign-in.ts';
import type { AccountRecord, Directory } from '../directory/directory.ts';
import type { Bus } from '../live/bus.ts';
import type { RateLimits } from '../rate-limits.ts';
import { deviceOf, keptBytes, requireDevice, resource, type DeviceDeps } from './route.ts';

type Deps = DeviceDeps & {
  readonly directory: Directory;
  readonly signIn: SignIn;
  readonly issueSession: IssueSession;
  readonly deviceGrants: DeviceGrants;
  readonly rateLimits: Pick<RateLimits, 'logins' | 'newDeviceBytes'>;
  readonly bus: Bus;
};

/** `/api/devices`, `/api/devices/:deviceId`, `/api/device-grants` */
export const deviceRoutes = (app: Express, deps: Deps): void => {
  const { directory, bus } = deps;
  const authenticated = requireDevice(deps);
  const evenly = createEvenRefusals();

  const byPassword = ({ username, password }: SigningIn, address: string): Promise<AccountRecord> =>
    evenly(async () => {
      const found = await directory.findUsername(username);
      const known = found === null ? null : await directory.account(found);
      return deps.signIn({ address, username }, password, known);
    });
  const byGrant = async ({ grant, device }: LinkedDevice, address: string): Promise<AccountRecord> => {
    await deps.rateLimits.logins.take(address);
    const account = await directory.account(await deps.deviceGrants.check(grant, device.keys.identityKey));
    if (account === null) throw new ServiceError('unauthorized', 'the account has been removed');
    return account;
  };
  const accountFor = (asked: NewDevice, address: string): Promise<AccountRecord> =>
    'grant' in asked ? byGrant(asked, address) : byPassword(asked, address);

  resource(app, '/api/device-grants', {
    post: [
      authenticated,
      ...jsonBody(),
      async (request, response) => {
        const { identityKey } = readBody(request, response, 'newDeviceGrant');
        const grant = await deps.deviceGrants.give(deviceOf(response), identityKey);
        answerWith(response.status(201), 'deviceGrant', { grant });
      },
    ],
  });

  resource(app, '/api/devices', {
    post: [
      ...jsonBody(),
      async (request, response) => {
        const asked = readBody(request, response, 'newDevice');
        const { device } = asked;
        const address = request.ip ?? '';
        const account = await accountFor(asked, address);
        await deps.rateLimits.newDeviceBytes.take(address, keptBytes(device));
        const { accountId } = account;
        const deviceSecret = mintDeviceSecret();
        const secretHash = hashDeviceSecret(deviceSecret);
        const times = 'grant' in asked ? 'once' : 'again';
        const added = await directory.addDevice(accountId, { ...device, secretHash }, times);
        bus.publish({ kind: 'devices-changed', accountId });
        const session = await deps.issueSession({ accountId, deviceId: added }, account);
        answerWith(response.status(201), 'registeredDevice', { ...session, deviceSecret });
      },
    ],
    get: [
      authenticated,
      async (_request, response) => {
        const found = await directory.accountDevices(deviceOf(response).accountId);
        answerWith(response, 'devices', {
          devices: (found?.devices ?? []).map(
            ({ deviceId: number, name, createdAt, registrationId, identityKey }) => ({
              ...{ deviceId: number, name, createdAt, registrationId, identityKey },
            }),
          ),
          list: found?.list ?? null,
        });
      },
    ],
  });

  resource(app, '/api/devices/:deviceId', {
    delete: [
      authenticated,
      async (request, response) => {
        const { accountId } = deviceOf(response);
        const removed = parseInput(deviceId, Number(request.params['deviceId']));
        await directory.removeDevice({ accountId, deviceId: removed });
        bus.publish({ kind: 'devices-changed', accountId });
        response.status(204).end();
      },
    ],
  });
};
