/** A failure in CouchDB's form: a status and `{"error": name, "reason": text}`. */
export class CouchError extends Error {
  override readonly name = 'CouchError';
  readonly status: number;
  readonly error: string;
  readonly reason: string;

  constructor(status: number, error: string, reason: string) {
    super(`${error}: ${reason}`);
    this.status = status;
    this.error = error;
    this.reason = reason;
  }

  toJSON(): { error: string; reason: string } {
    return { error: this.error, reason: this.reason };
  }
}

export const badRequest = (reason: string) => new CouchError(400, 'bad_request', reason);
export const queryParseError = (reason: string) => new CouchError(400, 'query_parse_error', reason);
export const docValidation = (reason: string) => new CouchError(400, 'doc_validation', reason);
export const illegalDocId = (reason: string) => new CouchError(400, 'illegal_docid', reason);
export const unauthorized = (reason: string) => new CouchError(401, 'unauthorized', reason);
export const forbidden = (reason: string) => new CouchError(403, 'forbidden', reason);
export const notFound = (reason: string) => new CouchError(404, 'not_found', reason);
export const databaseMissing = () => notFound('Database does not exist.');
export const conflict = () => new CouchError(409, 'conflict', 'Document update conflict.');
export const fileExists = () =>
  new CouchError(412, 'file_exists', 'The database could not be created, the file already exists.');
export const documentTooLarge = (id: string) => new CouchError(413, 'document_too_large', id);
/** As CouchDB answers when its disk monitor stops writes. */
export const insufficientStorage = () =>
  new CouchError(
    507,
    'insufficient_storage',
    'There is insufficient storage space to complete your request.',
  );
export const notImplemented = (reason: string) => new CouchError(501, 'not_implemented', reason);

const fullDisk = /no space left|disk quota exceeded|ENOSPC|EDQUOT|insufficient_storage/i;

/** Whether a write failed for lack of room, whoever says so: LevelDB, levelup around it, or the system. */
function isFullDisk(failure: unknown): boolean {
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    if (fullDisk.test(cause.message)) return true;
  }
  return false;
}

/** Any failure as a CouchError: PouchDB's by its own status, the unexpected as a 500 that tells nothing. */
export function toCouchError(failure: unknown): CouchError {
  if (failure instanceof CouchError) return failure;
  if (isFullDisk(failure)) return insufficientStorage();
  const { status, name, message, reason } = (failure ?? {}) as Record<string, unknown>;
  if (typeof status === 'number' && status >= 400 && status < 500 && typeof name === 'string') {
    if (status === 409) return conflict();
    const text = typeof reason === 'string' ? reason : message;
    return new CouchError(status, name, typeof text === 'string' ? text : name);
  }
  return new CouchError(500, 'internal_server_error', 'The request could not be processed.');
}
