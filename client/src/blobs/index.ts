/** Files, apart from messages: what stores and reads them at mailbox nodes, by a ticket of a master. */
export { blobApi, type BlobAccess, type BlobApi } from '../server/blob-api.ts';
export { createHttp } from '../server/http.ts';
export { type Ticket } from './blob-nodes.ts';
export { readBlob, type BlobReader } from './read-blob.ts';
export type { BlobContent } from './sealed-parts.ts';
export { uploadBlob, type BlobReference, type UploadOptions } from './upload-blob.ts';
