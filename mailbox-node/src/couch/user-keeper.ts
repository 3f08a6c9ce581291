import {
  connectCouch,
  type CouchAddress,
  couchRequest,
  type CouchServer,
  couchUrlAs,
  hasStatus,
  type Logger,
  ServiceError,
} from '@restante/service-kit';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/**
 * Sees to it that a user's credentials work and that it has these roles and no others: creates the user, or sets what is not so.
 * Until it has worked it is set at most once, so that a name that belongs to a server admin is not written over and over.
 */
export type UserKeeper = AsyncDisposable & { readonly keep: () => Promise<void> };

const session = z.object({ userCtx: z.object({ roles: z.array(z.string()) }) });

export const createUserKeeper = ({
  log,
  admin,
  url,
  user,
  roles,
  variable,
  timeoutMs,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  /** This node's CouchDB as it is reached from here, whoever's credentials it carries. */
  readonly url: string;
  readonly user: Pick<CouchAddress, 'username' | 'password'>;
  readonly roles: readonly string[];
  /** The variable that the credentials are of. */
  readonly variable: string;
  readonly timeoutMs: number;
}): UserKeeper => {
  const server = connectCouch(couchUrlAs(url, user), timeoutMs);
  const { username: name, password } = user;
  const id = `org.couchdb.user:${name}`;
  let isSet = false;

  const isAsWanted = async (): Promise<boolean> => {
    try {
      const { userCtx } = session.parse(await couchRequest(server, { path: '_session' }));
      return isDeepStrictEqual(userCtx.roles.toSorted(), roles.toSorted());
    } catch (error) {
      if (hasStatus(error, 401)) return false;
      throw error;
    }
  };

  const read = async (): Promise<object> => {
    try {
      return (await couchRequest(admin, { db: '_users', path: encodeURIComponent(id) })) as object;
    } catch (error) {
      if (hasStatus(error, 404)) return { _id: id, type: 'user' };
      throw error;
    }
  };

  return {
    keep: async () => {
      if (await isAsWanted()) {
        isSet = false;
        return;
      }
      if (isSet) throw new ServiceError('unavailable', `CouchDB refuses the credentials of ${variable}`);
      const body = { ...(await read()), name, password, roles };
      await couchRequest(admin, { db: '_users', path: encodeURIComponent(id), method: 'PUT', body });
      isSet = true;
      log.info({ event: 'user-set', user: name }, 'user set');
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};
