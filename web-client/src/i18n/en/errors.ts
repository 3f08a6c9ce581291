import type { CallError } from '../../engine/channel.ts';

/** What each error means for the person who sees it. */
export const errors = {
  unreachable: 'No server answers. Check your connection and try again.',
  'bad-answer': 'The server answered with something that this version does not understand. Try again later.',
  closed: 'Restante is being closed. Load the page again.',
  'not-registered': 'Nobody is signed in on this device.',
  'already-registered': 'Somebody is signed in on this device already. Load the page again.',
  'bad-text': 'This message is empty or too long to send.',
  'bad-profile': 'This name or picture cannot be used.',
  'too-many-starred': '1,000 messages are starred. Take the stars of some away first.',
  'bad-files': 'These files cannot be sent: too many, or too large.',
  'file-lost': 'This device does not have the file any more.',
  'not-editable': 'This message can no longer be edited.',
  'own-account': 'That is your own name.',
  'keys-changed': 'The safety number has changed. Verify it before you write.',
  'device-list-refused': 'A server says something of somebody’s devices that they have not signed.',
  'servers-refused':
    'A server names other servers that this app may not connect to. It goes on with those it knows.',
  'device-refused': 'A server gives keys that are not those of the device.',
  'no-account-key':
    'This device has not been let in yet, or has not got the key of your account. Try again later.',
  'vault-outdated':
    'The messages on this device are older than what it has sent: they were restored, or are used in two places.',
  'vault-too-new': 'The messages on this device belong to a later version. Load the page again.',
  'vault-locked': 'Restante is locked on this device. Unlock it first.',
  'wrong-passphrase': 'The passphrase is wrong.',
  'vault-key-lost': 'The key to the messages on this device is gone, or is another one.',
  'unfit-row': 'Something that was stored on this device cannot be read. It is passed over.',
  'wrong-clock': 'The clock of this device or of the server is wrong by days. Check the date.',
  'no-session': 'The other side has not told its key yet.',
  'content-changed': 'The file is not what it was when sending it began. Choose it again.',
  'blob-altered': 'What the servers give is not the file that was sent.',
  'no-storage': 'Your messages are not open here at the moment. Load the page again.',
  'storage-failed': 'This device cannot store anything at the moment. Try again.',
  'storage-full': 'The disk is full. Free some space, then try again.',
  'too-many-calls': 'Too much at once. Wait a little, then try again.',
  'bad-request': 'The server did not accept what was entered.',
  unauthorized: 'This device is not signed in any more, or the password is wrong.',
  'token-expired': 'The session has run out. Try again.',
  forbidden: 'This is not allowed.',
  'not-found': 'Nothing was found by that name.',
  'method-not-allowed': 'This version does not fit the server. Load the page again.',
  superseded: 'This device is connected in another window.',
  'invite-needed': 'Accounts are made here by invitation. Enter your invite code.',
  'invite-invalid':
    'This invite code is not good, or no longer: each makes one account, and ends after a time.',
  'registration-closed': 'This server takes no new accounts.',
  'work-needed': 'The server asked for work that was not done in time. Try again.',
  'username-taken': 'This username is taken. Choose another one.',
  'device-limit': 'Your account has as many devices as it can have. Remove one of them first.',
  'devices-changed': 'The devices of the other side have just changed. Try again.',
  'device-waiting': 'This device has to be let in by another of yours first.',
  'device-list-conflict': 'Another of your devices has just changed the list. Try again.',
  'message-expired': 'This message waited for too long and was not delivered.',
  'clock-skew': 'The clock of this device is wrong. Correct it and try again.',
  'payload-too-large': 'This is too large to send.',
  'unsupported-media-type': 'This version does not fit the server. Load the page again.',
  'unsupported-version': 'This version is too old for the server. Load the page again.',
  'rate-limited': 'Too many attempts. Wait a little, then try again.',
  'sender-share-full':
    'As much as you may have waiting at this person waits there: more goes when they read their messages.',
  'mailbox-full': 'The mailbox of the other side is full until they read their messages.',
  'connection-stalled': 'The connection is too slow at the moment. Try again.',
  draining: 'The server is being restarted. Try again.',
  unavailable: 'Too few servers are up at the moment. Try again in a while.',
  internal: 'Something went wrong on the server. Try again.',
  unexpected: 'Something went wrong here. Load the page again.',
} as const satisfies Record<CallError['code'], string>;

/** Put after the error when the server has said when to come back. */
export const retryAfter = (seconds: number): string =>
  seconds < 100 ? `Try again in ${seconds} s.` : `Try again in ${Math.ceil(seconds / 60)} minutes.`;
