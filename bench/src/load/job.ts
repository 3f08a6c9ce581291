/** What a load generator is asked to do: `requests` requests over `connections` connections, each as fast as it can. */
export type Job = {
  readonly requests: number;
  readonly connections: number;
  /** Base URL; that of a CouchDB carries the credentials. */
  readonly url: string;
} & (
  | {
      /** `POST /messages` to a mailbox node, with `perRequest` envelopes each. */
      readonly kind: 'store';
      readonly token: string;
      readonly perRequest: number;
    }
  | {
      /** `_bulk_docs` of the same documents straight to CouchDB. */
      readonly kind: 'bulk-docs';
      readonly database: string;
      readonly perRequest: number;
    }
  | {
      /** One document per request to a server that stores what arrives at the same time together. */
      readonly kind: 'document';
    }
  | {
      /** nano's `db.insert` of one document per request. */
      readonly kind: 'insert';
      readonly database: string;
    }
);

export type JobResult = { readonly seconds: number };
