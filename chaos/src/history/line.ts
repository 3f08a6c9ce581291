/**
 * What happened in a run, as those to whom it happened wrote it down: one JSON line each. `at`: milliseconds of the machine's
 * monotonic clock, which all processes share and no fault moves.
 */

/** Name of a device in a run: its person's name and a number, such as `alice/2`. A new sign-in is a new device. */
export type DeviceName = string;

/** A message by its author and its logical id. */
export type Reference = { readonly author: string; readonly id: string };

/** A row of a conversation as its messenger tells it. */
export type SeenMessage = Reference & {
  /** The account of the other side. */
  readonly conversation: string;
  readonly direction: 'in' | 'out';
  readonly kind: 'text' | 'deleted' | 'unknown' | 'keys-changed' | 'timer';
  readonly text: string;
  /** After so many seconds it disappears; of a line that says so, what is written below. */
  readonly timer?: number;
  /** What it said before its author said it otherwise, its first words first. */
  readonly former?: readonly string[];
  /** Its files, in their order, where all that a device holds is told: SHA-256 of each in hex, or `?` and the code of why it cannot be read. */
  readonly files?: readonly string[];
  readonly state: 'received' | 'seen' | 'queued' | 'accepted' | 'delivered' | 'read' | 'failed';
  readonly copies?: number;
  /** Emoji by account; those that were taken back are left out. */
  readonly reactions: Readonly<Record<string, string>>;
};

/** What a messenger tells its person. */
export type Telling =
  | { readonly event: 'message' | 'message-changed'; readonly message: SeenMessage }
  | { readonly event: 'message-removed'; readonly message: Reference }
  | { readonly event: 'connection'; readonly state: string }
  | { readonly event: 'catch-up'; readonly running: boolean; readonly complete: boolean }
  | { readonly event: 'storage'; readonly state: 'working' | 'full' | 'failing' }
  | { readonly event: 'undecryptable'; readonly message: Reference }
  | { readonly event: 'fault'; readonly code: string };

/** What an operation was asked to do: by name, with what it needs to be understood later. */
export type OperationArguments = {
  readonly to?: string;
  readonly text?: string;
  /** SHA-256 of each in hex. */
  readonly files?: readonly string[];
  readonly message?: Reference;
  readonly emoji?: string | null;
  readonly standing?: 'accepted' | 'blocked';
  /** Seconds. */
  readonly timer?: number | null;
  readonly device?: number;
};

/** What a device holds in the end. */
export type DeviceState = {
  readonly self: { readonly accountId: string; readonly deviceId: number };
  readonly conversations: readonly {
    readonly accountId: string;
    readonly standing: 'accepted' | 'request' | 'blocked';
    readonly unread: number;
    /** Seconds; histories of before there were any leave it out. */
    readonly timer?: number | null;
    /** In the order in which they are shown. */
    readonly messages: readonly SeenMessage[];
  }[];
  /** Messages that are still to go out. */
  readonly outbox: number;
  readonly setAside: number;
};

/** What the servers hold in the end, as an operator sees it. */
export type ServersState = {
  /** Ids that wait on any node. */
  readonly waiting: readonly string[];
  /** Ids whose revisions differ between nodes. */
  readonly different: readonly string[];
  readonly conflicts: readonly string[];
  /** Nodes whose ledger does not add up, with its figures. */
  readonly unbalanced: readonly string[];
  /** Ids of mail for devices that somebody has invented. */
  readonly forGhosts: readonly string[];
  /** Files with a text or a secret of the run. */
  readonly filesWithSecrets: readonly string[];
  /** Lines of logs that tell of an error nobody caught. */
  readonly unhandled: readonly string[];
};

/** What a node has of uploads: by blob, SHA-256 of each of its parts in their order, null for one that is not there. */
export type BlobsAtNode = {
  readonly node: string;
  readonly blobs: Readonly<Record<string, readonly (string | null)[]>>;
};

export type Line = { readonly at: number } & (
  | { readonly type: 'run'; readonly seed: number }
  | {
      readonly type: 'enrolled';
      readonly device: DeviceName;
      readonly accountId: string;
      readonly deviceId: number;
    }
  | { readonly type: 'started' | 'stopped'; readonly device: DeviceName }
  /** The vault of a device is put back to what it was when the line `copiedAt` was written. */
  | { readonly type: 'put-back'; readonly device: DeviceName; readonly copiedAt: number }
  | {
      readonly type: 'invoked';
      readonly device: DeviceName;
      readonly operation: number;
      readonly name: string;
      readonly args: OperationArguments;
    }
  /** `message`: what came of it. */
  | {
      readonly type: 'returned';
      readonly device: DeviceName;
      readonly operation: number;
      readonly message?: Reference;
    }
  | { readonly type: 'threw'; readonly device: DeviceName; readonly operation: number; readonly code: string }
  | ({ readonly type: 'told'; readonly device: DeviceName } & Telling)
  | { readonly type: 'crashed'; readonly who: string; readonly how: string }
  | {
      readonly type: 'fault' | 'fault-ended';
      readonly fault: number;
      readonly name: string;
      readonly on: string;
    }
  /** All faults have ended, and everything runs. */
  | { readonly type: 'healed' }
  /** Nothing moves any more. `false`: not within the time that is allowed. */
  | { readonly type: 'settled'; readonly isSettled: boolean; readonly why?: string }
  /** An upload whose time is over. `parts`: what its parts are, one node has them all; null: some were never stored. */
  | { readonly type: 'upload'; readonly blob: string; readonly parts: readonly string[] | null }
  | { readonly type: 'blobs'; readonly nodes: readonly BlobsAtNode[] }
  | { readonly type: 'memory'; readonly who: string; readonly bytes: number }
  | { readonly type: 'state'; readonly device: DeviceName; readonly state: DeviceState }
  | { readonly type: 'servers'; readonly state: ServersState }
);

export type LineOf<T extends Line['type']> = Line & { readonly type: T };

/** A line without its time. */
export type Happening = Line extends infer L ? (L extends Line ? Omit<L, 'at'> : never) : never;
