import { mintMessageId } from '@restante/protocol';
import { EARLIER_VERSION } from '@restante/testkit';

/**
 * What a client of the version before (testkit/src/earlier-version.ts) said to a master and a mailbox node, and what it heard, as it was
 * on the wire. A text that begins with `$` stands for one that is another each time: it is kept when it is first heard, and must be the
 * same from then on. `*` stands for anything.
 */
export type Exchange =
  | {
      readonly request: `${'GET' | 'POST'} ${string}`;
      readonly to: 'master' | 'node';
      readonly token?: string;
      readonly body?: object;
      readonly status: number;
      readonly answer: object;
    }
  | { readonly socket: 'open'; readonly token: string }
  | { readonly says: object }
  | { readonly hears: object };

const curveKey = 'B'.repeat(44);
/** The device, as its account's list has it. */
export const EARLIER_DEVICE = { deviceId: 1, registrationId: 7, identityKey: curveKey };
const signature = `${'C'.repeat(86)}==`;
const kyberKey = { keyId: 1, publicKey: 'D'.repeat(2092), signature };

const tokens = {
  accountId: '$account',
  deviceId: 1,
  username: 'anna',
  masterToken: '$master',
  masterTokenExpiresAt: '*',
  mailboxToken: '$mailbox',
  mailboxTokenExpiresAt: '*',
  mailboxNodes: '*',
  serverTime: '*',
};

const envelope = {
  ...{ id: '$stored', senderId: '$account', senderDeviceId: 1, sentAt: '*', expiresAt: '*' },
  ...{ type: 'message', body: 'SGVsbG8=' },
};

/** To itself, on another device, so that all of it is heard by one client. */
export const EARLIER_CONVERSATION: readonly Exchange[] = [
  {
    ...{ request: 'POST /api/accounts', to: 'master', status: 201 },
    body: {
      ...{ username: 'anna', password: 'correct horse battery staple' },
      device: {
        label: 'phone',
        keys: {
          ...{ registrationId: 7, identityKey: curveKey },
          ...{ signedPreKey: { keyId: 1, publicKey: curveKey, signature }, lastResortKyberPreKey: kyberKey },
          ...{ preKeys: [{ keyId: 1, publicKey: curveKey }], kyberPreKeys: [] },
        },
      },
    },
    answer: { ...tokens, deviceSecret: '$secret' },
  },
  {
    ...{ request: 'POST /api/tokens', to: 'master', status: 200 },
    body: { accountId: '$account', deviceId: 1, deviceSecret: '$secret' },
    answer: { ...tokens, masterToken: '*', mailboxToken: '*' },
  },
  {
    // That version had no word for it.
    ...{ request: 'GET /api/tokens', to: 'master', token: '$master', status: 405 },
    answer: { code: 'bad-request', message: '*' },
  },
  { socket: 'open', token: '$master' },
  {
    hears: {
      ...{ type: 'welcome', protocolVersion: EARLIER_VERSION, accountId: '$account', deviceId: 1, time: '*' },
      limits: '*',
    },
  },
  { hears: { type: 'keys-low', stock: { preKeys: 1, kyberPreKeys: 0 } } },
  { says: { type: 'typing', to: '$account' } },
  { hears: { type: 'typing', accountId: '$account', active: true } },
  {
    says: {
      ...{ type: 'send', id: '$sent' },
      to: [
        {
          accountId: '$other',
          envelopes: [{ deviceId: 1, registrationId: '$registration', type: 'message', payload: 'SGVsbG8=' }],
        },
      ],
    },
  },
  { hears: { type: 'accepted', id: '$sent', messageId: '$stored' } },
  {
    ...{ request: 'GET /messages/$other?device=1', to: 'node', token: '$otherMailbox', status: 200 },
    answer: { messages: [envelope], complete: true, next: null },
  },
  {
    ...{ request: 'POST /messages/delete', to: 'node', token: '$otherMailbox', status: 200 },
    body: { messages: ['$stored'] },
    answer: { deleted: 1 },
  },
  { says: { type: 'ping' } },
  { hears: { type: 'pong', serverTime: '*' } },
];

/** Ids are minted when they are used: a server takes none that is old. */
export const freshId = (): string => mintMessageId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
