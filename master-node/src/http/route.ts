import type { Express, RequestHandler, Response } from 'express';
import type { DeviceAddress, NewDevice } from '@restante/protocol';
import { bearerToken, ServiceError } from '@restante/service-kit';
import type { Authenticate } from '../authenticate.ts';
import type { RateLimits } from '../rate-limits.ts';

type Method = 'get' | 'post' | 'put' | 'delete';

/** A resource with the methods that it knows; any other is `method-not-allowed`. */
export const resource = (
  app: Express,
  path: string,
  methods: Partial<Record<Method, RequestHandler[]>>,
): void => {
  const route = app.route(path);
  for (const method of Object.keys(methods) as Method[]) route[method](...(methods[method] ?? []));
  route.all(() => {
    throw new ServiceError('method-not-allowed', 'the resource does not know this method');
  });
};

export type DeviceDeps = {
  readonly authenticate: Authenticate;
  readonly rateLimits: Pick<RateLimits, 'requests'>;
};

/** Lets a device with a valid bearer token pass, at its rate; {@link deviceOf} then tells which. */
export const requireDevice =
  ({ authenticate, rateLimits }: DeviceDeps): RequestHandler =>
  async (request, response, next) => {
    const device = await authenticate(bearerToken(request));
    await rateLimits.requests.take(device);
    response.locals['device'] = device;
    next();
  };

/** The device that {@link requireDevice} let pass. */
export const deviceOf = (response: Response): DeviceAddress => response.locals['device'] as DeviceAddress;

/** What a new device has the directory keep, about. */
export const keptBytes = (device: NewDevice['device']): number => JSON.stringify(device).length;

/** Answers that hold tokens or depend on who asks are kept by nobody. */
export const noStore: RequestHandler = (_request, response, next) => {
  response.set('cache-control', 'no-store');
  next();
};
