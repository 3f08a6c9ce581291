import type { Express } from 'express';
import { answerWith, jsonBody, readBody, ServiceError } from '@restante/service-kit';
import { isDeviceSecret } from '../accounts/device-secret.ts';
import type { IssueSession } from '../accounts/issue-session.ts';
import type { Directory } from '../directory/directory.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimits } from '../rate-limits.ts';
import { resource } from './route.ts';

type Deps = {
  readonly directory: Directory;
  readonly issueSession: IssueSession;
  readonly rateLimits: RateLimits;
  readonly metrics: Pick<Metrics, 'tokens'>;
};

/** `/api/tokens` */
export const tokenRoutes = (app: Express, { directory, issueSession, rateLimits, metrics }: Deps): void => {
  resource(app, '/api/tokens', {
    post: [
      ...jsonBody(),
      async (request, response) => {
        const { accountId, deviceId, deviceSecret } = readBody(request, response, 'tokenRequest');
        await rateLimits.tokens.take(request.ip ?? '');
        const address = { accountId, deviceId };
        const [device, account] = await Promise.all([
          directory.device(address),
          directory.account(accountId),
        ]);
        const isRight = isDeviceSecret(deviceSecret, device?.secretHash ?? '');
        metrics.tokens.inc({ result: isRight && account ? 'accepted' : 'refused' });
        if (!isRight || account === null) {
          throw new ServiceError('unauthorized', 'the device or its secret is wrong');
        }
        answerWith(response, 'session', await issueSession(address, account));
      },
    ],
  });
};
