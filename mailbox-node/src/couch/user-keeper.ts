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
import { z } from 'zod';

/**
 * Sees to it that the data path's credentials work and that its user has no roles: creates the user, or sets what is not so.
 * Until it has worked it is set at most once, so that a name that belongs to a server admin is not written over and over.
 */
export type UserKeeper = AsyncDisposable & { readonly keep: () => Promise<void> };

const session = z.object({ userCtx: z.object({ roles: z.array(z.string()) }) });

export const createUserKeeper = ({
  log,
  admin,
  user,
  timeoutMs,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  /** This node's CouchDB, with the credentials. */
  readonly user: CouchAddress;
  readonly timeoutMs: number;
}): UserKeeper => {
  const server = connectCouch(couchUrlAs(user.url, user), timeoutMs);
  const { username: name, password } = user;
  const id = `org.couchdb.user:${name}`;
  let isSet = false;

  const isAsWanted = async (): Promise<boolean> => {
    try {
      const { userCtx } = session.parse(await couchRequest(server, { path: '_session' }));
      return userCtx.roles.length === 0;
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
      if (isSet) throw new ServiceError('unavailable', 'CouchDB refuses the credentials of COUCHDB_URL');
      const body = { ...(await read()), name, password, roles: [] };
      await couchRequest(admin, { db: '_users', path: encodeURIComponent(id), method: 'PUT', body });
      isSet = true;
      log.info({ event: 'user-set', user: name }, 'user set');
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};
