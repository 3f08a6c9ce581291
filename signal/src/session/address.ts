import type { KeyPair } from '../curve.ts';

/** A device of an account. With a UUID as name the first messages of a session are bound to it. */
export type Address = {
  readonly name: string;
  /** 1 to 127. */
  readonly deviceId: number;
};

/** This device: what the other side knows it by, and its long-term key. */
export type LocalDevice = {
  readonly identity: KeyPair;
  readonly registrationId: number;
  readonly address: Address;
};
