import { toCouchError, wholeAnswer, type CouchServer } from './couch.ts';
import { ServiceError } from './service-error.ts';

export type CouchRequest = {
  readonly db?: string;
  readonly path?: string;
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly qs?: Readonly<Record<string, string | number | boolean>>;
  /** An object, or JSON text as it is to be sent. */
  readonly body?: object | string;
};

/**
 * One request to CouchDB.
 *
 * @throws ServiceError `unavailable`, or CouchError with CouchDB's status
 */
export const couchRequest = async (server: CouchServer, request: CouchRequest): Promise<unknown> => {
  try {
    const stringified = typeof request.body === 'string' && { dontStringify: true };
    return wholeAnswer<unknown>(await server.request({ ...request, ...stringified }));
  } catch (error) {
    throw toCouchError(error);
  }
};

/** A row of `_all_docs`: a document's id and its winner. `doc` is there when documents were asked for. */
export type CouchRow = {
  readonly id: string;
  readonly rev: string;
  readonly isDeleted: boolean;
  readonly doc?: unknown;
};

type RawRow = {
  readonly id?: unknown;
  readonly value?: { readonly rev?: unknown; readonly deleted?: unknown } | null;
  readonly doc?: unknown;
};

/** Rows of an `_all_docs` request; without those of `keys` that do not exist. */
export const requestRows = async (
  server: CouchServer,
  request: CouchRequest,
): Promise<readonly CouchRow[]> => {
  const answer = (await couchRequest(server, request)) as { readonly rows?: unknown };
  if (!Array.isArray(answer.rows)) throw new ServiceError('unavailable', "the store's answer has no rows");
  return (answer.rows as readonly RawRow[]).flatMap(({ id, value, doc }) =>
    typeof id === 'string' && typeof value?.rev === 'string'
      ? [{ id, rev: value.rev, isDeleted: value.deleted === true, doc }]
      : [],
  );
};
