import type { Json } from '../values/json.ts';
import type { Device } from '../stage/device.ts';

/** One thing that is sent, whole and as it is. `target`: what it is for, the name under which its answers are counted. */
export type Input = { readonly target: string } & (
  | {
      readonly kind: 'requests';
      /** URL of the service. */
      readonly to: string;
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer | null;
    }
  /** A whole connection. */
  | { readonly kind: 'bytes'; readonly to: string; readonly bytes: Buffer }
  | {
      readonly kind: 'frames';
      readonly to: string;
      readonly device: Device;
      readonly payload: Buffer;
      /** `text` and `binary` are whole frames; `raw`: the payload stands for the bytes of frames. */
      readonly as: 'text' | 'binary' | 'raw';
    }
  /** Documents that are written into a CouchDB, and the requests by which the services read them. */
  | {
      readonly kind: 'documents';
      /** With an admin's credentials. */
      readonly couchUrl: string;
      readonly database: string;
      readonly documents: readonly Json[];
      readonly readers: readonly Reader[];
    }
);

export type Reader = {
  readonly to: string;
  readonly method: string;
  readonly path: string;
  /** Whose token; null: none. */
  readonly as: {
    readonly accountId: string;
    readonly deviceId: number;
    readonly audience: 'master' | 'mailbox';
  } | null;
  readonly body: Json | null;
};

export const KINDS = ['requests', 'frames', 'bytes', 'documents'] as const;
export type Kind = (typeof KINDS)[number];
