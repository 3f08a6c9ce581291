import type { MessengerOptions } from '@restante/client';
import type { Wish } from '../operations/operation.ts';
import type { DeviceState } from '../history/line.ts';

/** What the process of a device is started with, as JSON in its only argument. */
export type DeviceStart = {
  readonly device: string;
  readonly vaultFile: string;
  readonly historyFile: string;
  readonly masters: readonly string[];
  readonly ratchet: 'libsignal' | 'signal';
  /** For the first run: how the vault gets a device. */
  readonly enroll: {
    readonly how: 'register' | 'login';
    readonly username: string;
    readonly deviceName: string;
  } | null;
  readonly password: string;
  /** Delays of its messenger. */
  readonly pace: Pick<MessengerOptions, 'backoff' | 'patienceMs' | 'pageTimeoutMs'>;
  /** Its signed keys are taken for older than they are, so that they are replaced. */
  readonly areKeysOld?: boolean;
};

/** What nobody but a device's person may read. */
export type Secrets = {
  /** Tokens and passwords. */
  readonly texts: readonly string[];
  /** Private keys, in base64. */
  readonly keys: readonly string[];
};

/** What a device is asked for. */
export type Asked = {
  /** Starts an operation; answered when it has ended, however. */
  readonly perform: { readonly operation: string; readonly wish: Wish };
  readonly state: null;
  readonly rest: null;
  readonly secrets: null;
  /** The vault takes no writes until it is told that it does. */
  readonly failing: boolean;
  /** Dies at so many commits from now, before or after it. */
  readonly dieAtCommit: { readonly count: number; readonly when: 'before' | 'after' };
};

export type Answers = {
  /** How each of its parts ended; empty when there was nothing to do. */
  readonly perform: readonly { readonly isDone: boolean; readonly device?: number }[];
  readonly state: DeviceState;
  /** Whether it waits for nothing. */
  readonly rest: { readonly isLive: boolean; readonly outbox: number; readonly setAside: number };
  readonly secrets: Secrets;
  readonly failing: null;
  readonly dieAtCommit: null;
};

export type Request = {
  [N in keyof Asked]: { readonly request: number; readonly name: N; readonly asked: Asked[N] };
}[keyof Asked];

export type Report =
  | { readonly type: 'started'; readonly accountId: string; readonly deviceId: number }
  | { readonly type: 'answer'; readonly request: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly request: number; readonly reason: string };
