const messages = (count: number): string => (count === 1 ? '1 message' : `${count} messages`);
const mailboxes = (count: number): string => (count === 1 ? '1 mailbox' : `${count} mailboxes`);

export const connection = {
  offline: 'No connection',
  connecting: 'Connecting …',
  connectingAgain: (attempt: number) => `Connecting … (attempt ${attempt})`,
  waiting: 'No connection. It is tried again.',
  nextAttempt: (seconds: number) => `No connection. Next attempt in ${seconds} s`,
  tryNow: 'Try now',
  catchingUp: (received: number, answered: number, nodes: number) =>
    `Getting your messages: ${received} so far, ${answered} of ${mailboxes(nodes)} answered`,
  incomplete: (answered: number, nodes: number, needed: number) =>
    `Some messages may be missing: ${answered} of ${mailboxes(nodes)} answered, ${needed === 1 ? '1 is' : `${needed} are`} needed. Still trying.`,
  live: 'Connected',
  elsewhere: (server: string) => `Connected to ${server}. Your usual server does not answer.`,
  storage: {
    full: 'There is no room on this device. New messages wait on the servers until you free some space.',
    failing:
      'This device cannot store anything at the moment. New messages wait on the servers. It is tried again.',
  },
  superseded: 'This device is in use in another window.',
  outdated: 'This version of Restante is too old. Reload the page.',
  removed: 'This device is no longer part of your account. Sign out, and sign in again.',
  refused: 'The server has refused this device.',
  expired: (count: number) => `${messages(count)} expired unread`,
  dismiss: 'Dismiss',
} as const;
