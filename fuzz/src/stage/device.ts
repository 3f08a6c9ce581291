/** Of the blob that a device has a ticket for. */
export const FUZZED_BLOB_BYTES = 600;

/** A device that inputs speak for. */
export type Device = {
  readonly accountId: string;
  readonly deviceId: number;
  readonly username: string;
  readonly registrationId: number;
  readonly deviceSecret: string;
  readonly blobId: string;
  /** One that was open when the device was made. */
  readonly rendezvousId: string;
  /** Of a device that it has a grant for. */
  readonly identityKey: string;
  readonly tokens: Tokens;
};

/** Tokens by what they are: of each audience, and those that no service should take. */
export type Tokens = {
  readonly master: string;
  readonly mailbox: string;
  readonly store: string;
  /** For its blob. */
  readonly toWrite: string;
  readonly toRead: string;
  readonly grant: string;
  readonly expiredMaster: string;
  readonly expiredMailbox: string;
  /** Of an account that is not there. */
  readonly nobody: string;
};
