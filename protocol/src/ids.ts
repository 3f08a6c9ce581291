import * as z from 'zod/mini';
import { LIMITS } from './limits.ts';

/** Text that names one kind of thing: the compiler finds where the name of another kind is taken for it. */
export type Id<Kind extends string> = string & { readonly names?: Kind };

export type AccountId = Id<'account'>;
/** A UUID of any version in its one canonical, lower-case form: ids are compared as text. */
export const accountId: z.ZodMiniType<AccountId, string> = z
  .string()
  .check(
    z.regex(
      /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      'not a lower-case UUID',
    ),
  );

/** Number of a device within its account. */
export const deviceId = z.int().check(z.minimum(1), z.maximum(LIMITS.deviceId));
export type DeviceId = z.infer<typeof deviceId>;

/** A UUIDv7: the id a client mints for a message, and the id it is stored under. */
export const messageId = z
  .string()
  .check(
    z.regex(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      'not a lower-case UUIDv7',
    ),
  );
export type MessageId = z.infer<typeof messageId>;

/** 3 to 32 of a-z, 0-9, dot, dash and underscore, starting with a letter. Lower case only: one form, one account. */
export const username = z.string().check(z.regex(/^[a-z][a-z0-9._-]{2,31}$/, 'not a username'));
export type Username = z.infer<typeof username>;

/** One device of one account: whose mailbox, or who speaks. */
export type DeviceAddress = { readonly accountId: AccountId; readonly deviceId: DeviceId };

/** A device as one text: key of maps and rows, and in the ids of documents. */
export const deviceKey = ({ accountId, deviceId }: DeviceAddress): string => `${accountId}:${deviceId}`;

/** Milliseconds since 1970, UTC. */
export const timestamp = z.int().check(z.nonnegative());

/** Canonical base64 of at most `maxBytes` characters. */
export const base64 = (maxBytes: number) =>
  z.string().check(
    z.minLength(4),
    z.maxLength(maxBytes),
    // With whole groups of four, which the length tells, that is all; an expression of groups takes longer.
    z.regex(/^[A-Za-z0-9+/]*={0,2}$/, 'not base64'),
    z.refine((text) => text.length % 4 === 0, 'not base64'),
  );
