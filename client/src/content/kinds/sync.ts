import { accountId, accountKey, base64, deviceId, messageId, timestamp } from '@restante/protocol';
import * as z from 'zod/mini';
import { chosenSettings } from '../chosen-settings.ts';
import { chosenTimer } from '../chosen-timer.ts';
import type { Kind } from '../kind.ts';
import { chosenProfile } from '../chosen-profile.ts';
import { earlier, MAX_REFERENCES, references, standing, v } from '../parts.ts';

const verificationState = z.object({ accountId, accountKey, changed: z.boolean() });
export type VerificationState = z.infer<typeof verificationState>;

/** A part of what a device knows, for the new device `to`. */
const accountState = z.object({
  type: z.literal('account-state'),
  to: deviceId,
  part: z.int().check(z.nonnegative()),
  parts: z.int().check(z.positive()),
  /** `id`: of the choice, where that is known. */
  standings: z
    .array(z.object({ accountId, standing, id: z.optional(messageId) }))
    .check(z.maxLength(MAX_REFERENCES)),
  verifications: z.array(verificationState).check(z.maxLength(MAX_REFERENCES)),
  preferences: z.optional(
    z.object({ readReceipts: z.boolean(), typing: z.boolean(), presence: z.boolean() }),
  ),
  /** How conversations are set up. */
  settings: z.optional(
    z.array(z.object({ accountId, settings: chosenSettings })).check(z.maxLength(MAX_REFERENCES)),
  ),
  /** After what messages of conversations disappear. */
  timers: z.optional(z.array(z.object({ accountId, timer: chosenTimer })).check(z.maxLength(MAX_REFERENCES))),
  /** The own profile, and those of others. */
  profile: z.optional(chosenProfile),
  profiles: z.optional(
    z.array(z.object({ accountId, profile: chosenProfile })).check(z.maxLength(MAX_REFERENCES)),
  ),
});
export type AccountState = z.infer<typeof accountState>;

/** For the author's own other devices: what has been done on this one, and what it knows or wants to know. */
const schema = z.object({
  v,
  kind: z.literal('sync'),
  change: z.discriminatedUnion('type', [
    /** `at`: when, by the server's clock. Earlier versions leave it out. */
    z.object({ type: z.literal('seen'), messages: references, at: z.optional(timestamp) }),
    z.object({ type: z.literal('hidden'), messages: references }),
    /** They are starred, or not any more; `id`: of the choice. */
    z.object({ type: z.literal('starred'), id: messageId, starred: z.boolean(), messages: references }),
    /** `id`: of the choice, of which the latest stands. Earlier versions leave it out. */
    z.object({ type: z.literal('standing'), accountId, standing, id: z.optional(messageId) }),
    z.object({ type: z.literal('settings'), accountId, settings: chosenSettings }),
    z.object({ type: z.literal('profile'), profile: chosenProfile }),
    /** The device `deviceId` is new since then (server's time), and wants to be told the state. */
    z.object({ type: z.literal('introduction'), deviceId, since: timestamp }),
    accountState,
    /** The private half of the account key, 32 bytes, for who is on the list and has it not. */
    z.object({ type: z.literal('account-key'), privateKey: base64(44).check(z.length(44)) }),
  ]),
  earlier,
});
export type Sync = z.infer<typeof schema>;

type SyncNeeds = {
  /** Does here what has been done on another own device. */
  readonly follow: (change: Sync['change']) => Promise<void>;
};

export const sync: Kind<typeof schema, SyncNeeds> = {
  schema,
  from: 'own devices',
  references: ({ change }) => ('messages' in change ? change.messages : []),
  apply: async ({ follow }, { change }) => {
    await follow(change);
    return false;
  },
  lasting: ({ change }) => ('messages' in change ? 'always' : 'no'),
};
