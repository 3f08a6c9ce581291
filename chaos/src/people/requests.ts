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
    /** That a device of the person shows: it is tried first. */
    readonly linkCode?: string;
  } | null;
  readonly password: string;
  /** Operations are numbered from here: no other run of this device has these numbers. */
  readonly firstOperation: number;
  /** By how much its clock is off. */
  readonly clockShiftMs: number;
  /** Waits for it from its first step on. */
  readonly dieAt?: Death;
  /** Delays of its messenger. */
  readonly pace: Pick<MessengerOptions, 'backoff' | 'patienceMs' | 'pageTimeoutMs'>;
  /** Its signed keys are taken for older than they are, so that they are replaced. */
  readonly areKeysOld?: boolean;
};

const OPERATIONS_OF_A_RUN = 1_000_000;

/** What the run of a device with this number is started with; the first is 1. */
export const startOf = (given: DeviceStart, run: number): DeviceStart => ({
  ...given,
  firstOperation: run * OPERATIONS_OF_A_RUN,
});

/** What nobody but a device's person may read. */
export type Secrets = {
  /** Tokens and passwords. */
  readonly texts: readonly string[];
  /** Private keys, in base64. */
  readonly keys: readonly string[];
};

/** What a messenger waits for: reads and commits of its vault, requests, frames that it sends. */
export type StepKind = 'read' | 'commit' | 'request' | 'frame';

/** SIGKILL before or after the step that is so many of its kind from now; 1 is the next. */
export type Death = {
  readonly at: StepKind | 'any';
  readonly count: number;
  readonly when: 'before' | 'after';
};

/** What a disk does to a vault: it takes no writes, has no room, gives nothing, or takes so long for each commit. */
export type Ailment =
  | { readonly kind: 'failing' | 'full' | 'unreadable'; readonly ms?: never }
  | { readonly kind: 'slow'; readonly ms: number };

/** What a device is asked for. */
export type Asked = {
  /** Starts an operation; answered when it has ended, however. */
  readonly perform: { readonly operation: string; readonly wish: Wish };
  readonly state: null;
  readonly rest: null;
  /** Shows a code for a new device, which it lets in. */
  readonly linkCode: null;
  readonly secrets: null;
  /** Moves its clock: off by so many milliseconds from now on. */
  readonly setClock: number;
  /** What its disk does until it is told otherwise; null: nothing. */
  readonly suffer: Ailment | null;
  readonly dieAt: Death | null;
};

export type Answers = {
  /** How each of its parts ended; empty when there was nothing to do. */
  readonly perform: readonly { readonly isDone: boolean; readonly device?: number }[];
  readonly state: DeviceState;
  /** Whether it waits for nothing. */
  readonly rest: {
    readonly isLive: boolean;
    readonly outbox: number;
    /** What could not be decrypted, and is still to be asked for: a sender is asked a few times at once, and then once a minute. */
    readonly unasked: number;
  };
  /** Null: it cannot show any now. */
  readonly linkCode: string | null;
  readonly secrets: Secrets;
  readonly setClock: null;
  readonly suffer: null;
  readonly dieAt: null;
};

export type Request = {
  [N in keyof Asked]: { readonly request: number; readonly name: N; readonly asked: Asked[N] };
}[keyof Asked];

export type Report =
  | { readonly type: 'started'; readonly accountId: string; readonly deviceId: number }
  | { readonly type: 'answer'; readonly request: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly request: number; readonly reason: string };
