import type { WorkDone } from '@restante/protocol';
import type { JsonObject } from '../values/json.ts';
import type { Shape } from '../values/shape.ts';
import type { Endpoint } from '../surface/endpoints.ts';
import type { Frame } from '../surface/frames.ts';
import type { Device } from '../stage/device.ts';

/** A mailbox node as the mesh finds it, with credentials as `user:password`. */
export type Gate = {
  /** Of the node. */
  readonly name: string;
  readonly url: string;
  readonly reader: string;
  readonly mesh: string;
};

/** What inputs are made of, as it is at the moment. */
export type World = {
  readonly masters: readonly string[];
  readonly mailboxNodes: readonly string[];
  readonly gates: readonly Gate[];
  /** Everything else that listens: raw bytes alone go there. */
  readonly others: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly frames: readonly Frame[];
  readonly bodies: Readonly<Record<string, Shape>>;
  /** Not empty. */
  readonly devices: readonly Device[];
  readonly couches: readonly string[];
  /** Database of accounts, and the bucket of now. */
  readonly databases: { readonly directory: string; readonly bucket: string };
  /** What the directory has of some of the devices. */
  readonly accounts: readonly { readonly device: Device; readonly documents: readonly JsonObject[] }[];
  /** Documents of the bucket that are no envelopes. */
  readonly canaries: readonly JsonObject[];
  readonly password: string;
  /** Done for what a master demanded, not empty: each is good for one account. */
  readonly work: readonly WorkDone[];
};
