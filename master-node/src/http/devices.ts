import type { Express } from 'express';
import { deviceId } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody } from '@restante/service-kit';
import { hashDeviceSecret, mintDeviceSecret } from '../accounts/device-secret.ts';
import { createEvenRefusals } from '../accounts/even-refusals.ts';
import type { IssueSession } from '../accounts/issue-session.ts';
import type { SignIn } from '../accounts/sign-in.ts';
import type { Directory } from '../directory/directory.ts';
import type { Bus } from '../live/bus.ts';
import type { RateLimits } from '../rate-limits.ts';
import { deviceOf, keptBytes, requireDevice, resource, type DeviceDeps } from './route.ts';

type Deps = DeviceDeps & {
  readonly directory: Directory;
  readonly signIn: SignIn;
  readonly issueSession: IssueSession;
  readonly rateLimits: Pick<RateLimits, 'newDeviceBytes'>;
  readonly bus: Bus;
};

/** `/api/devices`, `/api/devices/:deviceId` */
export const deviceRoutes = (app: Express, deps: Deps): void => {
  const { directory, bus } = deps;
  const authenticated = requireDevice(deps);
  const evenly = createEvenRefusals();

  resource(app, '/api/devices', {
    post: [
      ...jsonBody(),
      async (request, response) => {
        const { username, password, device } = readBody(request, response, 'newDevice');
        const address = request.ip ?? '';
        const account = await evenly(async () => {
          const found = await directory.findUsername(username);
          const known = found === null ? null : await directory.account(found);
          return deps.signIn({ address, username }, password, known);
        });
        await deps.rateLimits.newDeviceBytes.take(address, keptBytes(device));
        const { accountId } = account;
        const deviceSecret = mintDeviceSecret();
        const secretHash = hashDeviceSecret(deviceSecret);
        const added = await directory.addDevice(accountId, { ...device, secretHash });
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
