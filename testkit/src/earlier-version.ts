import {
  changed,
  createVersions,
  messageId,
  PROTOCOL_VERSION,
  type Body,
  type SigningIn,
  type Versions,
  type VersionStep,
} from '@restante/protocol';
import * as z from 'zod/mini';

/**
 * A version before this one that never was: what is said today is said otherwise in it, on each wire, by each kind of change there
 * is. Code that speaks with it can speak with the version before, whatever the next change is.
 */

const anything = z.unknown();

const session = z.object({
  accountId: anything,
  deviceId: anything,
  username: anything,
  masterToken: anything,
  masterTokenExpiresAt: anything,
  mailboxToken: anything,
  mailboxTokenExpiresAt: anything,
  mailboxNodes: anything,
  serverTime: anything,
});
const registered = z.extend(session, { deviceSecret: anything });
const upSession = (before: z.infer<typeof session>) => ({ ...before, writeConcern: 2 });

const envelope = z.looseObject({ id: anything, body: anything });
const upEnvelope = ({ body, ...rest }: z.infer<typeof envelope>) => ({ ...rest, payload: body });
const downEnvelope = ({ payload, ...rest }: Body<'mailboxEvent'>) => ({ ...rest, body: payload });

const labelled = z.strictObject({
  username: anything,
  password: anything,
  device: z.strictObject({ label: anything, keys: anything }),
  work: z.optional(anything),
});
const upLabelled = ({ device: { label, keys }, ...rest }: z.infer<typeof labelled>) => ({
  ...rest,
  device: { name: label, keys },
});
const downLabelled = ({ device: { name, keys }, ...rest }: SigningIn) => ({
  ...rest,
  device: { label: name, keys },
});

const STEP: VersionStep = {
  upstream: {
    // A field that was called otherwise.
    send: changed(
      z.strictObject({ type: z.literal('send'), id: messageId, to: anything }),
      ({ to, ...rest }) => ({ ...rest, recipients: to }),
      ({ recipients, ...rest }: { recipients: unknown; type: 'send'; id: string }) => ({
        ...rest,
        to: recipients,
      }),
    ),
    // A field that was added, and what cannot be said without it.
    typing: changed(
      z.strictObject({ type: z.literal('typing'), to: anything }),
      (before) => ({ ...before, active: true }),
      ({ active, ...before }: { active: boolean; type: 'typing'; to: unknown }) => (active ? before : null),
    ),
    // A frame that was added.
    presence: null,
  },
  downstream: {
    welcome: changed(
      z.looseObject({ type: z.literal('welcome'), time: anything }),
      ({ time, ...rest }) => ({ ...rest, serverTime: time }),
      ({ serverTime, ...rest }: { serverTime: number; type: 'welcome' }) => ({ ...rest, time: serverTime }),
    ),
    accepted: changed(
      z.object({ type: z.literal('accepted'), id: anything, messageId: anything }),
      (before) => ({ ...before, copies: 1 }),
      ({ type, id, messageId: stored }: { type: 'accepted'; id: string; messageId: string }) => ({
        ...{ type, id, messageId: stored },
      }),
    ),
    presence: null,
    devices: null,
  },
  bodies: {
    newAccount: changed(labelled, upLabelled, downLabelled),
    // A form that was added to another.
    newDevice: changed(labelled, upLabelled, (after: Body<'newDevice'>) =>
      'grant' in after ? null : downLabelled(after),
    ),
    session: changed(session, upSession, (after: object) => session.parse(after)),
    registeredDevice: changed(registered, upSession, (after: object) => registered.parse(after)),
    // A code that was added.
    errorBody: changed(
      z.looseObject({ code: anything }),
      (before) => before,
      ({ code, ...rest }: Body<'errorBody'>) => ({
        ...rest,
        code: code === 'method-not-allowed' ? 'bad-request' : code,
      }),
    ),
    mailboxPage: changed(
      z.object({ messages: z.array(envelope), complete: anything, next: anything }),
      ({ messages, ...rest }) => ({ ...rest, messages: messages.map(upEnvelope), expired: 0 }),
      ({ messages, complete, next }: Body<'mailboxPage'>) => ({
        ...{ complete, next },
        messages: messages.flatMap((message) => message ?? []).map(downEnvelope),
      }),
    ),
    // A body that was added, and what is asked for it.
    mailboxIds: null,
    mailboxEvent: changed(envelope, upEnvelope, downEnvelope),
    storeRequest: changed(
      z.strictObject({ messages: anything }),
      ({ messages }) => ({ envelopes: messages }),
      ({ envelopes }: Body<'storeRequest'>) => ({ messages: envelopes }),
    ),
    deleteRequest: changed(
      z.strictObject({ messages: anything }),
      ({ messages }) => ({ ids: messages }),
      ({ ids }: Body<'deleteRequest'>) => ({ messages: ids }),
    ),
  },
};

export const EARLIER_VERSION = PROTOCOL_VERSION - 1;

const [now, earlier] = createVersions(PROTOCOL_VERSION, [STEP]);

/** What code of the version before spoke. */
export const EARLIER: Versions = [earlier!];
/** What code of this version speaks, after one step. */
export const NOW_AND_EARLIER: Versions = [now, earlier!];
