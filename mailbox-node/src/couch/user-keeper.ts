import {
  type CouchAddress,
  couchRequest,
  type CouchServer,
  hasStatus,
  type Logger,
  ServiceError,
} from '@restante/service-kit';

/**
 * Sees to it that the data path's credentials work: creates the user, or sets its password to the configured one.
 * Until they have worked the password is set at most once, so that a name that belongs to a server admin is not
 * written over and over.
 */
export const createUserKeeper = ({
  log,
  admin,
  server,
  address,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  /** The data path. */
  readonly server: CouchServer;
  readonly address: CouchAddress;
}): (() => Promise<void>) => {
  let isSet = false;
  const id = `org.couchdb.user:${address.username}`;

  const isAccepted = async (): Promise<boolean> => {
    try {
      await couchRequest(server, { path: '_session' });
      return true;
    } catch (error) {
      if (hasStatus(error, 401)) return false;
      throw error;
    }
  };

  const read = async (): Promise<object> => {
    try {
      return (await couchRequest(admin, { db: '_users', path: encodeURIComponent(id) })) as object;
    } catch (error) {
      if (hasStatus(error, 404)) return { _id: id, type: 'user', roles: [] };
      throw error;
    }
  };

  return async () => {
    if (await isAccepted()) {
      isSet = false;
      return;
    }
    if (isSet) throw new ServiceError('unavailable', 'CouchDB refuses the credentials of COUCHDB_URL');
    const { username: name, password } = address;
    const body = { ...(await read()), name, password };
    await couchRequest(admin, { db: '_users', path: encodeURIComponent(id), method: 'PUT', body });
    isSet = true;
    log.info({ event: 'user-set', user: name }, 'user of the data path set');
  };
};
