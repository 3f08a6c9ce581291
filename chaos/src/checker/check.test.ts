import { expect, test } from 'vitest';
import type { DeviceState, Line, OperationArguments, SeenMessage, ServersState } from '../history/line.ts';
import { check } from './check.ts';
import type { Law } from './violation.ts';

/** Histories that break one law each: the checker tells of that law, and of nothing in the history that they are made from. */

const ALICE = 'account-alice';
const BOB = 'account-bob';
const MIB = 1024 * 1024;

const message = (given: Partial<SeenMessage> = {}): SeenMessage => ({
  author: ALICE,
  id: 'id-1',
  conversation: BOB,
  direction: 'out',
  kind: 'text',
  text: 'one',
  state: 'delivered',
  reactions: {},
  ...given,
});
const atBob = (given: Partial<SeenMessage> = {}): SeenMessage =>
  message({ conversation: ALICE, direction: 'in', state: 'received', ...given });

const state = (
  accountId: string,
  messages: readonly SeenMessage[],
  more: Partial<DeviceState> = {},
): DeviceState => ({
  self: { accountId, deviceId: 1 },
  conversations: [
    { accountId: accountId === ALICE ? BOB : ALICE, standing: 'accepted', unread: 0, messages },
  ],
  outbox: 0,
  setAside: 0,
  ...more,
});

const SERVERS: ServersState = {
  waiting: [],
  different: [],
  conflicts: [],
  unbalanced: [],
  forGhosts: [],
  filesWithSecrets: [],
  unhandled: [],
};

/** Alice writes two texts to Bob, who catches up and has two devices. */
const whole = (): Line[] => [
  { at: 1, type: 'enrolled', device: 'alice/1', accountId: ALICE, deviceId: 1 },
  { at: 2, type: 'enrolled', device: 'bob/1', accountId: BOB, deviceId: 1 },
  { at: 3, type: 'enrolled', device: 'bob/2', accountId: BOB, deviceId: 2 },
  ...[1, 2].flatMap((n): Line[] => {
    const [id, text] = [`id-${n}`, `text ${n}`];
    return [
      { at: 10 * n, type: 'invoked', device: 'alice/1', operation: n, name: 'text', args: { to: BOB, text } },
      { at: 10 * n + 1, type: 'returned', device: 'alice/1', operation: n, message: { author: ALICE, id } },
      {
        ...{ at: 10 * n + 2, type: 'told', device: 'alice/1', event: 'message-changed' },
        message: message({ id, text, state: 'accepted', copies: 3 }),
      },
      ...['bob/1', 'bob/2'].map((device): Line => ({
        ...{ at: 10 * n + 3, type: 'told', device, event: 'message' },
        message: atBob({ id, text }),
      })),
    ];
  }),
  { at: 30, type: 'told', device: 'bob/1', event: 'catch-up', running: true, complete: false },
  { at: 31, type: 'told', device: 'bob/1', event: 'catch-up', running: false, complete: true },
  { at: 40, type: 'healed' },
  { at: 41, type: 'settled', isSettled: true },
  {
    ...{ at: 50, type: 'state', device: 'alice/1' },
    state: state(ALICE, [message({ text: 'text 1' }), message({ id: 'id-2', text: 'text 2' })]),
  },
  ...['bob/1', 'bob/2'].map((device): Line => ({
    ...{ at: 51, type: 'state', device },
    state: state(BOB, [atBob({ text: 'text 1' }), atBob({ id: 'id-2', text: 'text 2' })]),
  })),
  { at: 52, type: 'servers', state: SERVERS },
];

/** The history with what Bob's first device shows in the end replaced. */
const showing = (...messages: readonly SeenMessage[]): Line[] =>
  whole().map((line) =>
    line.type === 'state' && line.device === 'bob/1' ? { ...line, state: state(BOB, messages) } : line,
  );
const [one, two] = [atBob({ text: 'text 1' }), atBob({ id: 'id-2', text: 'text 2' })];
const withLines = (...lines: readonly Line[]): Line[] => [...whole(), ...lines];
const told = (at: number, device: string, changed: SeenMessage): Line => ({
  ...{ at, type: 'told', device, event: 'message-changed' },
  message: changed,
});
/** Alice says her first text in other words. */
const edits = (...said: readonly (readonly [at: number, text: string])[]): Line[] =>
  said.flatMap(([at, text]): Line[] => [
    {
      ...{ at, type: 'invoked', device: 'alice/1', operation: at, name: 'edit' },
      args: { to: BOB, message: { author: ALICE, id: 'id-1' }, text },
    },
    { at: at + 1, type: 'returned', device: 'alice/1', operation: at },
  ]);
const FILES = ['f11e', 'f22e'];
/** The history with two files to Alice's first text, of which Bob's first device has these. */
const withFiles = (held: readonly string[]): Line[] =>
  whole().map((line) => {
    if (line.type === 'invoked' && line.operation === 1)
      return { ...line, args: { ...line.args, files: FILES } };
    if (line.type !== 'state') return line;
    const files = line.device === 'bob/1' ? held : FILES;
    const conversations = line.state.conversations.map((conversation) => ({
      ...conversation,
      messages: conversation.messages.map((row) => (row.id === 'id-1' ? { ...row, files } : row)),
    }));
    return { ...line, state: { ...line.state, conversations } };
  });
const servers = (found: Partial<ServersState>): Line[] =>
  whole().map((line) => (line.type === 'servers' ? { ...line, state: { ...SERVERS, ...found } } : line));

test('a history in which nothing is wrong has no violation', () => {
  expect(check(whole())).toEqual({ violations: [], allowed: [] });
  const memory = withLines({ at: 33, type: 'memory', who: 'couch1', bytes: 600 * MIB });
  expect(check(memory)).toEqual({ violations: [], allowed: [] });
});

const broken: readonly (readonly [what: string, law: Law, history: Line[]])[] = [
  ['a text that is nowhere', 'arrives', showing(two)],
  [
    'a text that failed without a reason',
    'arrives',
    withLines(told(25, 'alice/1', message({ text: 'text 1', state: 'failed' }))),
  ],
  ['a text that stands twice', 'once', showing(one, two, two)],
  ['a text under two ids', 'once', showing(one, two, atBob({ id: 'id-3', text: 'text 2' }))],
  [
    'a text that is shown twice',
    'once',
    withLines({ at: 33, type: 'told', device: 'bob/1', event: 'message', message: one }),
  ],
  ['texts in another order', 'order', showing(two, one)],
  [
    'a text that stands as it was before an edit',
    'says-what-was-said-last',
    withLines(...edits([32, 'otherwise'])),
  ],
  [
    'a text that stands as an earlier edit has it',
    'says-what-was-said-last',
    [
      ...showing({ ...one, text: 'otherwise', former: ['text 1'] }, two),
      ...edits([32, 'otherwise'], [34, 'again']),
    ],
  ],
  ['a file that is nowhere', 'files-are-whole', withFiles(['f11e', '?not-found'])],
  ['a file that is another one', 'files-are-whole', withFiles(['f11e', 'f33e'])],
  ['files in another order', 'files-are-whole', withFiles(['f22e', 'f11e'])],
  ['a message without its files', 'files-are-whole', withFiles([])],
  ['a text with a file that nobody sent', 'files-are-whole', showing({ ...one, files: ['f11e'] }, two)],
  ['own devices with other files', 'own-devices-agree', withFiles(['f11e', 'f33e'])],
  ['former words that nobody wrote', 'authentic', showing({ ...one, former: ['send money'] }, two)],
  [
    'a text that was taken back and stands',
    'deleted-stays-deleted',
    withLines(
      {
        ...{ at: 32, type: 'invoked', device: 'alice/1', operation: 9, name: 'take-back' },
        args: { to: BOB, message: { author: ALICE, id: 'id-1' } },
      },
      { at: 33, type: 'returned', device: 'alice/1', operation: 9 },
    ),
  ],
  [
    'a text that comes back',
    'deleted-stays-deleted',
    withLines(told(33, 'bob/1', { ...one, kind: 'deleted', text: '' }), told(34, 'bob/1', one)),
  ],
  [
    'a text of somebody who is blocked',
    'blocked-is-not-shown',
    withLines(
      {
        ...{ at: 32, type: 'invoked', device: 'bob/1', operation: 9, name: 'standing' },
        args: { to: ALICE, standing: 'blocked' },
      },
      { at: 33, type: 'returned', device: 'bob/1', operation: 9 },
      {
        at: 34,
        type: 'told',
        device: 'bob/1',
        event: 'message',
        message: atBob({ id: 'id-9', text: 'late' }),
      },
    ),
  ],
  ['own devices that differ', 'own-devices-agree', showing(one, { ...two, state: 'seen' })],
  [
    'a state that goes back',
    'states-go-forward',
    withLines(
      told(33, 'alice/1', message({ state: 'read' })),
      told(34, 'alice/1', message({ state: 'delivered' })),
    ),
  ],
  [
    '"complete" before all has come',
    'complete-is-true',
    whole().map((line) =>
      line.type === 'told' &&
      line.device === 'bob/1' &&
      line.event === 'message' &&
      line.message.id === 'id-2'
        ? { ...line, at: 35 }
        : line,
    ),
  ],
  ['mail that waits', 'servers-empty-and-alike', servers({ waiting: ['id-1'] })],
  ['nodes that differ', 'servers-empty-and-alike', servers({ different: ['id-1'] })],
  ['a conflict', 'servers-empty-and-alike', servers({ conflicts: ['id-1'] })],
  ['a ledger that does not add up', 'servers-empty-and-alike', servers({ unbalanced: ['node1'] })],
  ['mail for a device that nobody has', 'for-its-devices-alone', servers({ forGhosts: ['id-1'] })],
  ['a text that nobody wrote', 'authentic', showing(one, two, atBob({ id: 'id-8', text: 'send money' }))],
  ['a text on a disk', 'no-plaintext', servers({ filesWithSecrets: ['couch1/log'] })],
  ['an error that nobody caught', 'no-crash', withLines({ at: 33, type: 'crashed', who: 'bob/1', how: 'x' })],
  ['an error in a log', 'no-crash', servers({ unhandled: ['node1: request-failed TypeError'] })],
  [
    'a node with more memory than it may have',
    'no-crash',
    withLines({ at: 33, type: 'memory', who: 'node1', bytes: 400 * MIB }),
  ],
  [
    'a messenger with more memory than it needs',
    'no-crash',
    withLines({ at: 33, type: 'memory', who: 'bob/1', bytes: 600 * MIB }),
  ],
  [
    'what does not heal',
    'heals',
    whole().map((line) => (line.type === 'settled' ? { ...line, isSettled: false, why: 'x' } : line)),
  ],
];

test('order is not promised while clocks of services are far apart', () => {
  const far = { at: 1, type: 'fault', fault: 1, name: 'service-clock-far-off', on: 'node1 9000 s' } as const;
  const [, , outOfOrder = []] = broken.find(([, law]) => law === 'order') ?? [];
  const verdict = check([...outOfOrder, far]);
  expect(verdict.violations.map(({ law }) => law)).not.toContain('order');
  expect(verdict.allowed.map(({ policy }) => policy)).toContain(
    'order, while clocks of services were more than ten minutes apart',
  );
});

test('envelopes of another run, whose accounts nobody has here, are no contradictions of this one', () => {
  const contradicting = (account: string): Line[] =>
    servers({ conflicts: [`messages-20260101/${account}:1:id-1`] });
  expect(check(contradicting(ALICE)).violations).toHaveLength(1);
  expect(check(contradicting('0f6bd1c4-6b3e-4d7f-9d0e-5c2a7f6f9b11')).violations).toEqual([]);
});

test('what a device is told after it was removed says nothing of what others were sent', () => {
  const late: Line[] = whole().map((line) =>
    line.type === 'told' && line.device === 'bob/1' && line.event === 'message' && line.message.id === 'id-2'
      ? { ...line, at: 35 }
      : line,
  );
  const removed = (at: number): Line[] => [
    ...late,
    { at, type: 'invoked', device: 'bob/2', operation: 9, name: 'remove-device', args: { device: 1 } },
  ];
  const isLie = (history: Line[]): boolean =>
    check(history).violations.some(({ law }) => law === 'complete-is-true');
  expect(isLie(removed(29))).toBe(false);
  expect(isLie(removed(32))).toBe(true);
});

test('an envelope that somebody has written over may have more revisions than one', () => {
  const conflicts = ['id-1', 'messages-20260101/id-1'];
  const onFault = { at: 15, type: 'fault', fault: 1, name: 'overwritten', on: 'id-1 1-ff node1' } as const;
  const history = servers({ conflicts });
  expect(check(history).violations).toHaveLength(2);
  expect(check([...history, onFault]).violations).toEqual([]);
});

test.each(broken)('%s breaks "%s"', (_what, law, history) => {
  const laws = new Set(check(history).violations.map((violation) => violation.law));
  expect(laws).toContain(law);
});

test('what had one copy, told as one, on a disk that was lost, is allowed and counted', () => {
  const history = showing(two).map((line) =>
    line.type === 'told' && line.device === 'alice/1' && 'message' in line
      ? ({ ...line, message: { ...line.message, copies: 1 } } as Line)
      : line,
  );
  history.push({ at: 22, type: 'fault', fault: 1, name: 'lost-data', on: 'couch1' });
  const verdict = check(history);
  expect(verdict.violations).toEqual([]);
  expect(verdict.allowed).toMatchObject([{ policy: 'one copy, told as one, on a disk that was lost' }]);
});

test('a device need not have what was written before it was there, though the others are shown it later', () => {
  const enrolledAt = (at: number): Line[] =>
    whole()
      .filter((line) => !('message' in line && line.message.id === 'id-1' && line.device === 'bob/2'))
      .map((line) => {
        if (!('device' in line) || line.device !== 'bob/2') return line;
        if (line.type === 'enrolled') return { ...line, at };
        return line.type === 'state' ? { ...line, state: state(BOB, [two]) } : line;
      });
  expect(check(enrolledAt(11)).violations).toEqual([]);
  expect(check(enrolledAt(9)).violations.map(({ law }) => law)).toContain('own-devices-agree');
});

test('a deletion that was told in a time that was taken from a vault is lost with it, allowed and counted', () => {
  const takenBack = (toldAt: number): Line[] =>
    withLines(
      {
        ...{ at: 32, type: 'invoked', device: 'alice/1', operation: 9, name: 'take-back' },
        args: { to: BOB, message: { author: ALICE, id: 'id-1' } },
      },
      { at: 33, type: 'returned', device: 'alice/1', operation: 9 },
      told(toldAt, 'bob/1', { ...one, kind: 'deleted', text: '' }),
      { at: 38, type: 'put-back', device: 'bob/1', copiedAt: 34 },
    );
  const tells = (history: Line[]): string[] => check(history).violations.map(({ what }) => what);
  const ofFirst = (what: string): boolean => what.includes('still stands at bob/1');
  expect(check(takenBack(36)).allowed.map(({ policy }) => policy)).toContain(
    'deleted, and lost with the vault',
  );
  expect(tells(takenBack(36)).filter(ofFirst)).toEqual([]);
  expect(tells(takenBack(39)).filter(ofFirst)).toHaveLength(1);
});

test('what was written by somebody who was blocked in between may stand on one device alone', () => {
  const history = showing(two);
  const standing = (at: number, operation: number, standing: 'blocked' | 'accepted'): Line[] => [
    {
      ...{ at, type: 'invoked', device: 'bob/1', operation, name: 'standing' },
      args: { to: ALICE, standing },
    },
    { at: at + 1, type: 'returned', device: 'bob/1', operation },
  ];
  expect(check(history).violations.map(({ law }) => law)).toContain('own-devices-agree');
  history.push(...standing(4, 8, 'blocked'), ...standing(6, 9, 'accepted'));
  expect(check(history).violations).toEqual([]);
});

test('a text that is edited stands as its author has said it last, with what it said before', () => {
  const edited = (given: SeenMessage): SeenMessage =>
    given.id === 'id-1' ? { ...given, text: 'again', former: ['text 1', 'otherwise'] } : given;
  const everywhere = whole().map((line) =>
    line.type !== 'state'
      ? line
      : {
          ...line,
          state: {
            ...line.state,
            conversations: line.state.conversations.map((of) => ({
              ...of,
              messages: of.messages.map(edited),
            })),
          },
        },
  );
  const history = [...everywhere, ...edits([32, 'otherwise'], [34, 'again'])];
  expect(check(history).violations).toEqual([]);
});

test('an edit that was read in a time that was taken from a vault is lost with it, allowed and counted', () => {
  const history = (toldAt: number): Line[] =>
    withLines(
      ...edits([32, 'otherwise']),
      told(toldAt, 'bob/1', { ...one, text: 'otherwise', former: ['text 1'] }),
      { at: 38, type: 'put-back', device: 'bob/1', copiedAt: 34 },
    );
  const atFirst = ({ what }: { readonly what: string }): boolean => what.includes('stands at bob/1');
  expect(check(history(36)).allowed.filter(atFirst)).toHaveLength(1);
  expect(check(history(36)).violations.filter(atFirst)).toEqual([]);
  expect(check(history(39)).violations.filter(atFirst)).toHaveLength(1);
});

test('whoever has a message has its files, as they were sent', () => {
  expect(check(withFiles(FILES))).toEqual({ violations: [], allowed: [] });
  const unread = check(withFiles(['?unreachable', 'f22e'])).violations;
  expect(unread.map(({ law }) => law)).toEqual(['files-are-whole']);
});

test('nobody has to have the files of a message that was not accepted, or was hidden', () => {
  const held = withFiles(['f11e', '?not-found']);
  const unaccepted = held.filter(
    (line) => !('message' in line && line.device === 'alice/1' && line.type === 'told'),
  );
  expect(check(unaccepted).violations).toEqual([]);
  const hidden: Line = {
    ...{ at: 32, type: 'invoked', device: 'bob/2', operation: 9, name: 'hide' },
    args: { to: ALICE, message: { author: ALICE, id: 'id-1' } },
  };
  expect(check([...held, hidden]).violations).toEqual([]);
});

test('what its author has hidden before its files were stored goes to nobody', () => {
  const hides: Line = {
    ...{ at: 12, type: 'invoked', device: 'alice/1', operation: 9, name: 'hide' },
    args: { to: BOB, message: { author: ALICE, id: 'id-1' } },
  };
  const isOfFirst = (line: Line): boolean =>
    line.type === 'told' && 'message' in line && line.message.id === 'id-1';
  const nowhere = withFiles(FILES)
    .filter((line) => !isOfFirst(line))
    .map((line) => {
      if (line.type !== 'state') return line;
      const conversations = line.state.conversations.map((conversation) => ({
        ...conversation,
        messages: conversation.messages.filter(({ id }) => id !== 'id-1'),
      }));
      return { ...line, state: { ...line.state, conversations } };
    });
  expect(check(nowhere).violations.map(({ law }) => law)).toContain('arrives');
  expect(check([...nowhere, hides]).violations).toEqual([]);
});

test('a file that is nowhere, on a disk that was lost since, is allowed and counted', () => {
  const history = (lostAt: number, held: readonly string[]): Line[] => [
    ...withFiles(held),
    { at: lostAt, type: 'fault', fault: 1, name: 'lost-data', on: 'couch1' },
  ];
  const lost = check(history(25, ['f11e', '?not-found']));
  expect(lost.violations).toEqual([]);
  expect(lost.allowed).toMatchObject([{ policy: 'files on a disk that was lost' }]);
  for (const other of [
    history(5, ['f11e', '?not-found']),
    history(25, ['f11e', '?blob-altered']),
    history(25, ['f33e', '?not-found']),
    history(25, ['?not-found']),
  ])
    expect(check(other).violations.map(({ law }) => law)).toContain('files-are-whole');
});

test('a message that waited for its files for long, or while a clock was wrong, may stand where it came', () => {
  const acceptedAt = (at: number, ...more: readonly Line[]): string[] => {
    const history = withFiles(FILES).map((line): Line => {
      if (
        line.type === 'told' &&
        line.device === 'alice/1' &&
        'message' in line &&
        line.message.id === 'id-1'
      )
        return { ...line, at };
      if (line.type !== 'state' || line.device !== 'bob/1') return line;
      return { ...line, state: state(BOB, [two, { ...one, files: FILES }]) };
    });
    return check([...history, ...more]).violations.map(({ law }) => law);
  };
  const off = { at: 5, type: 'fault', fault: 1, name: 'service-clock-off', on: 'master1 90 s' } as const;
  expect(acceptedAt(12)).toEqual(['order']);
  expect(acceptedAt(12, off)).toEqual(['order']);
  expect(acceptedAt(25)).toEqual(['order']);
  expect(acceptedAt(25, off)).toEqual([]);
  expect(acceptedAt(60_021)).toEqual([]);
});

test('what somebody takes back who was blocked may stand, allowed and counted', () => {
  const takenBack = (by: string): Line[] =>
    withLines(
      {
        ...{ at: 30, type: 'invoked', device: 'bob/1', operation: 8, name: 'standing' },
        args: { to: by, standing: 'blocked' },
      },
      { at: 31, type: 'returned', device: 'bob/1', operation: 8 },
      {
        ...{ at: 32, type: 'invoked', device: 'alice/1', operation: 9, name: 'take-back' },
        args: { to: BOB, message: { author: ALICE, id: 'id-1' } },
      },
      { at: 33, type: 'returned', device: 'alice/1', operation: 9 },
    );
  const stands = (history: Line[]): string[] =>
    check(history)
      .violations.map(({ what }) => what)
      .filter((what) => what.includes('was taken back by alice/1 and still stands at bob/1'));
  expect(stands(takenBack(ALICE))).toEqual([]);
  expect(check(takenBack(ALICE)).allowed.map(({ policy }) => policy)).toContain(
    'taken back by somebody who was blocked',
  );
  expect(stands(takenBack(BOB))).toHaveLength(1);
});

test('a message whose process ended before it told of it was there all the same, whatever is told of it later', () => {
  const [, , late = []] = broken.find(([, law]) => law === 'complete-is-true') ?? [];
  const history = late.map((line) =>
    line.type === 'told' && line.event === 'message' && line.at === 35
      ? told(35, line.device, line.message)
      : line,
  );
  expect(check(history).violations).toEqual([]);
});

test('of a device that is gone nobody knows what it had when it said "complete"', () => {
  const [, , late = []] = broken.find(([, law]) => law === 'complete-is-true') ?? [];
  const history = late.filter((line) => !(line.type === 'state' && line.device === 'bob/1'));
  expect(check(history).violations.map(({ law }) => law)).not.toContain('complete-is-true');
});

test('what nobody has accepted may have been pushed to one device alone', () => {
  const history = showing(two);
  expect(check(history).violations.map(({ law }) => law)).toContain('own-devices-agree');
  const unaccepted = history.filter(
    (line) => !('message' in line && line.device === 'alice/1' && line.type === 'told'),
  );
  unaccepted.push({ at: 34, type: 'put-back', device: 'alice/1', copiedAt: 5 });
  expect(check(unaccepted).violations.map(({ law }) => law)).not.toContain('own-devices-agree');
});

test('what a catch-up has brought and told to be undecryptable may be shown later', () => {
  const [, , late = []] = broken.find(([, law]) => law === 'complete-is-true') ?? [];
  const undecryptable = (at: number): Line => ({
    ...{ at, type: 'told', device: 'bob/1', event: 'undecryptable' },
    message: { author: ALICE, id: 'stored-2' },
  });
  expect(check([...late, undecryptable(30)]).violations).toEqual([]);
  expect(check([...late, undecryptable(32)]).violations).not.toEqual([]);
});

test('what nodes that were away bring belongs to the catch-up that was complete without them', () => {
  const [, , late = []] = broken.find(([, law]) => law === 'complete-is-true') ?? [];
  const goesOn = late.map((line): Line =>
    'event' in line && line.event === 'catch-up' && line.running ? { ...line, complete: true } : line,
  );
  const before: Line[] = [
    { at: 5, type: 'told', device: 'bob/1', event: 'catch-up', running: true, complete: false },
    { at: 6, type: 'told', device: 'bob/1', event: 'catch-up', running: false, complete: true },
  ];
  expect(check([...before, ...goesOn]).violations).toEqual([]);
  expect(check([...before, ...late]).violations).not.toEqual([]);
});

test('what could not be read comes again, unless it or the conversation was deleted where it was sent from', () => {
  const unread: Line[] = [
    ...showing(two),
    {
      at: 33,
      type: 'told',
      device: 'bob/1',
      event: 'undecryptable',
      message: { author: ALICE, id: 'stored-1' },
    },
  ];
  const laws = (history: Line[]): string[] => check(history).violations.map(({ law }) => law);
  expect(laws(unread)).toContain('arrives');
  const deletedBy = (operation: { name: string; args: OperationArguments }): Line[] => [
    ...unread,
    { at: 34, type: 'invoked', device: 'alice/1', operation: 9, ...operation },
  ];
  for (const deleted of [
    deletedBy({ name: 'forget', args: { to: BOB } }),
    deletedBy({ name: 'hide', args: { to: BOB, message: { author: ALICE, id: 'id-1' } } }),
  ]) {
    expect(laws(deleted)).not.toContain('arrives');
    expect(check(deleted).allowed.map(({ policy }) => policy)).toContain(
      'could not be read, and deleted where it was sent from',
    );
  }
  const other = { name: 'hide', args: { to: BOB, message: { author: ALICE, id: 'id-2' } } };
  expect(laws(deletedBy(other))).toContain('arrives');
});

test('what one device has said to have, and no master has accepted, goes with a sender who leaves', () => {
  const history = showing(two).map((line) =>
    line.type === 'told' && line.device === 'alice/1' && 'message' in line && line.message.id === 'id-1'
      ? told(line.at, line.device, message({ text: 'text 1', state: 'delivered' }))
      : line,
  );
  const arrives = (lines: Line[]): boolean => check(lines).violations.some(({ law }) => law === 'arrives');
  expect(arrives(history)).toBe(true);
  history.push({ at: 34, type: 'invoked', device: 'alice/1', operation: 9, name: 'sign-out', args: {} });
  expect(arrives(history)).toBe(false);
});

test('a block that was decided in a time that was taken from a vault is lost with it', () => {
  const blocked = (copiedAt: number): Line[] =>
    withLines(
      {
        at: 4,
        type: 'invoked',
        device: 'bob/1',
        operation: 9,
        name: 'standing',
        args: { to: ALICE, standing: 'blocked' },
      },
      { at: 5, type: 'returned', device: 'bob/1', operation: 9 },
      { at: 7, type: 'put-back', device: 'bob/1', copiedAt },
    );
  const isShown = (lines: Line[]): boolean =>
    check(lines).violations.some(({ law }) => law === 'blocked-is-not-shown');
  expect(isShown(blocked(3))).toBe(false);
  expect(isShown(blocked(6))).toBe(true);
});

test('a conversation that one device has deleted need not stand there', () => {
  const history = showing();
  expect(check(history).violations.map(({ law }) => law)).toContain('own-devices-agree');
  history.push({
    at: 34,
    type: 'invoked',
    device: 'bob/1',
    operation: 9,
    name: 'forget',
    args: { to: ALICE },
  });
  expect(check(history).violations).toEqual([]);
});

/** Alice's first text disappears after three seconds; Bob's first device reads it, and tells these things of it. */
const withTimer = (readAt: number | null, ...lines: readonly Line[]): Line[] => {
  const withTimerOf = (row: SeenMessage): SeenMessage => (row.id === 'id-1' ? { ...row, timer: 3 } : row);
  const timed = whole().map((line): Line => {
    if (line.type === 'told' && 'message' in line && 'kind' in line.message)
      return { ...line, message: withTimerOf(line.message) };
    if (line.type !== 'state') return line;
    const conversations = line.state.conversations.map((conversation) => ({
      ...conversation,
      messages: conversation.messages.map(withTimerOf),
    }));
    return { ...line, state: { ...line.state, conversations } };
  });
  const at = readAt ?? 0;
  const read: Line[] =
    readAt === null
      ? []
      : [
          {
            ...{ at, type: 'invoked', device: 'bob/1', operation: 7, name: 'read' },
            args: { to: ALICE, message: { author: ALICE, id: 'id-2' } },
          },
          { at: at + 1, type: 'returned', device: 'bob/1', operation: 7 },
        ];
  return [...timed, ...read, ...lines];
};
const removed = (at: number): Line => ({
  ...{ at, type: 'told', device: 'bob/1', event: 'message-removed' },
  message: { author: ALICE, id: 'id-1' },
});
const shownLate = (history: Line[], at: number, ...messages: readonly SeenMessage[]): Line[] =>
  history.map((line) =>
    line.type === 'state' && line.device === 'bob/1' ? { ...line, at, state: state(BOB, messages) } : line,
  );

test('what disappears goes when its time is over, from when it was read on, and neither before nor long after', () => {
  const laws = (history: Line[]): string[] => check(history).violations.map(({ law }) => law);
  const seen = { ...one, timer: 3, state: 'seen' as const };
  expect(laws(shownLate(withTimer(35, removed(3_100)), 4_000, two))).toEqual([]);
  expect(laws(shownLate(withTimer(35, removed(36)), 4_000, two))).toEqual(['disappears-in-time']);
  expect(laws(shownLate(withTimer(null, removed(3_100)), 4_000, two))).toEqual(['disappears-in-time']);
  const kept = (at: number): string[] =>
    laws(shownLate(withTimer(35, told(36, 'bob/1', seen)), at, seen, two));
  expect(kept(4_000)).toEqual([]);
  expect(kept(20_000)).toEqual(['disappears-in-time']);
  const back: Line = { at: 3_200, type: 'told', device: 'bob/1', event: 'message', message: seen };
  expect(laws(shownLate(withTimer(35, removed(3_100), back), 4_000, two))).toEqual(
    expect.arrayContaining(['deleted-stays-deleted']),
  );
  // A clock was wrong: it had been put away.
  const fault: Line = { at: 34, type: 'fault', fault: 1, name: 'device-clock-off', on: 'bob/1' };
  const putAway = check(shownLate(withTimer(35, fault, removed(36), back), 20_000, seen, two));
  expect(putAway.violations).toEqual([]);
  expect(putAway.allowed.map(({ policy }) => policy)).toContain(
    'put away by a clock that was wrong, and brought back',
  );
});

test('both people have the same timer on all of their devices', () => {
  const chosen = (device: string, timer: number | null): Line[] => [
    ...whole().map((line) =>
      line.type !== 'state'
        ? line
        : {
            ...line,
            state: {
              ...line.state,
              conversations: line.state.conversations.map((each) => ({
                ...each,
                timer: line.device === device ? timer : 8,
              })),
            },
          },
    ),
    {
      ...{ at: 32, type: 'invoked', device: 'alice/1', operation: 8, name: 'timer' },
      args: { to: BOB, timer: 8 },
    },
    { at: 33, type: 'returned', device: 'alice/1', operation: 8 },
  ];
  expect(check(chosen('bob/1', 8)).violations).toEqual([]);
  for (const device of ['bob/1', 'bob/2', 'alice/1'])
    expect(check(chosen(device, null)).violations.map(({ law }) => law)).toContain('disappears-in-time');
});

test('half an upload is gone from all nodes, and what one of them had whole is at all as it was', () => {
  const uploaded = (half: readonly (string | null)[], file: readonly (string | null)[], ...more: Line[]) => {
    const here = { half, file };
    return check(
      withLines(
        { at: 32, type: 'upload', blob: 'half', parts: null },
        { at: 33, type: 'upload', blob: 'file', parts: ['a', 'b'] },
        ...more,
        {
          ...{ at: 45, type: 'blobs' },
          nodes: [
            { node: 'node1', blobs: { half: [null, null], file: ['a', 'b'] } },
            { node: 'node2', blobs: here },
          ],
        },
      ),
    );
  };
  const laws = (...given: Parameters<typeof uploaded>): string[] =>
    uploaded(...given).violations.map(({ law }) => law);
  expect(uploaded([null, null], ['a', 'b'])).toEqual({ violations: [], allowed: [] });
  expect(laws([null, 'b'], ['a', 'b'])).toEqual(['whole-or-gone']);
  for (const file of [['a', null], [null, null], ['a', 'c'], []])
    expect(laws([null, null], file)).toEqual(['whole-or-gone']);
  const lost: Line = { at: 34, type: 'fault', fault: 1, name: 'lost-data', on: 'couch1' };
  expect(uploaded([null, null], ['a', null], lost).allowed).toHaveLength(1);
  // A disk does not bring back what nobody ended.
  expect(laws([null, 'b'], ['a', 'b'], lost)).toEqual(['whole-or-gone']);
});
