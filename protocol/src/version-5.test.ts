import { expect, it } from 'vitest';
import { VERSIONS, type Body, type ErrorCode } from './index.ts';

const four = VERSIONS.find(({ version }) => version === 4)!;
const [five] = VERSIONS;
const accountId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const id = '0190d0d0-0000-7000-8000-000000000000';
const envelope = { deviceId: 1, registrationId: 1, type: 'message', payload: 'AAAA' } as const;
const key = 'A'.repeat(43);

it('a client of version 4 sends, and is a stranger; it shows itself to whom it takes presence from', () => {
  const send = { type: 'send', id, recipients: [{ accountId, envelopes: [envelope] }] };
  expect(four.upstream.read.parse(send)).toEqual(send);
  const access = 'A'.repeat(22);
  const now = { ...send, recipients: [{ ...send.recipients[0], access }] };
  expect(five.upstream.read.parse(now)).toEqual(now);
  expect(four.upstream.read.safeParse(now).success).toBe(false);
  expect(four.upstream.say(five.upstream.read.parse(now))).toEqual(send);
  const presence = { type: 'presence', state: 'online', to: [accountId] };
  expect(four.upstream.read.parse(presence)).toEqual(presence);
  expect(four.upstream.say(five.upstream.read.parse({ ...presence, from: [] }))).toEqual(presence);
});

it('makes an account as it did, and is told of what it cannot do in words that it knows', () => {
  const refuse = (code: ErrorCode) => {
    const error: Body<'errorBody'> = { code, message: 'no', work: { challenge: 'A'.repeat(40), bits: 3 } };
    return [
      four.bodies.say('errorBody', error),
      four.downstream.say({ type: 'refused', id, error }),
      four.downstream.say({ type: 'error', error }),
    ];
  };
  const error = (code: ErrorCode) => ({ code, message: 'no' });
  for (const code of ['registration-closed', 'invite-needed', 'invite-invalid', 'work-needed'] as const) {
    expect(refuse(code)[0]).toEqual(error('forbidden'));
  }
  expect(refuse('sender-share-full')).toEqual([
    error('mailbox-full'),
    { type: 'refused', id, error: error('mailbox-full') },
    { type: 'error', error: error('mailbox-full') },
  ]);
  expect(refuse('unavailable')[0]).toEqual(error('unavailable'));
});

it('a server of version 4 is told nothing that it does not know', () => {
  const stored = {
    ...{ accountId, deviceId: 1, id, senderId: accountId, senderDeviceId: 1 },
    ...{ expiresAt: 1, type: 'message' as const, payload: 'AAAA' },
  };
  expect(four.bodies.say('storeRequest', { envelopes: [{ ...stored, stranger: true }] })).toEqual({
    envelopes: [stored],
  });
  expect(four.bodies.read.storeRequest.parse({ envelopes: [stored] })).toEqual({ envelopes: [stored] });
  const results = [
    { status: 'refused' as const, code: 'sender-share-full' as const },
    { status: 'stored' as const },
  ];
  expect(four.bodies.say('storeResponse', { results })).toEqual({
    results: [{ status: 'refused', code: 'mailbox-full' }, { status: 'stored' }],
  });
});

it('a session of version 4 has no access key', () => {
  const session = {
    ...{ accountId, deviceId: 1, username: 'anna', masterToken: 't', masterTokenExpiresAt: 1 },
    ...{
      mailboxToken: 't',
      mailboxTokenExpiresAt: 1,
      mailboxNodes: ['/node1'],
      writeConcern: 2,
      serverTime: 1,
    },
  };
  expect(four.bodies.say('session', { ...session, accessKey: key })).toEqual(session);
  expect(four.bodies.read.session.parse(session)).toEqual(session);
});
