import type { Line, Reference, SeenMessage, Telling } from '../history/line.ts';

/** A history in words that a person reads: names for accounts, texts for messages, seconds since it began. */

/** Names and texts, learnt from the whole history. */
type Words = {
  readonly message: (reference: Reference) => string;
  readonly person: (accountId: string) => string;
  /** A sentence with ids in it. */
  readonly sentence: (what: string) => string;
};

const wordsOf = (history: readonly Line[]): Words => {
  const people = new Map<string, string>();
  const texts = new Map<string, string>();
  const sent = new Map<string, string>();
  for (const line of history) {
    if (line.type === 'enrolled') people.set(line.accountId, line.device.split('/')[0] ?? line.device);
    if (line.type === 'told' && 'message' in line && 'text' in line.message && line.message.text !== '')
      texts.set(line.message.id, line.message.text);
    if (line.type === 'invoked' && line.args.text !== undefined)
      sent.set(`${line.device} ${line.operation}`, line.args.text);
    if (line.type === 'returned' && line.message) {
      const text = sent.get(`${line.device} ${line.operation}`);
      if (text !== undefined) texts.set(line.message.id, text);
    }
  }
  const person = (accountId: string): string => people.get(accountId) ?? accountId;
  const text = (id: string): string => (texts.has(id) ? `"${texts.get(id) ?? ''}"` : id);
  return {
    person,
    message: ({ author, id }) => `${text(id)} of ${person(author)}`,
    sentence: (what) =>
      what.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) =>
        people.has(id) ? person(id) : text(id),
      ),
  };
};

const withFiles = (files: readonly string[] | undefined): string[] =>
  files ? [`with files ${files.map((file) => file.slice(0, 12)).join(', ')}`] : [];

const rowOf = ({ kind, state, copies, files, reactions }: SeenMessage): string =>
  [
    ...(kind === 'text' ? [] : [kind]),
    copies === undefined ? state : `${state}, ${copies} copies`,
    ...withFiles(files),
    ...Object.values(reactions),
  ].join(' ');

const telling = (told: Telling, words: Words): string => {
  switch (told.event) {
    case 'message':
      return `shows ${words.message(told.message)}: ${rowOf(told.message)}`;
    case 'message-changed':
      return `changes ${words.message(told.message)}: ${rowOf(told.message)}`;
    case 'message-removed':
      return `removes ${words.message(told.message)}`;
    case 'undecryptable':
      return `cannot read ${words.message(told.message)}`;
    case 'connection':
    case 'storage':
      return `says ${told.event} ${told.state}`;
    case 'catch-up':
      if (told.running) return 'catches up';
      return told.complete ? 'has caught up, complete' : 'has caught up, not complete';
    case 'fault':
      return `reports ${told.code}`;
  }
};

const happening = (line: Line, words: Words): string => {
  switch (line.type) {
    case 'run':
      return `seed ${line.seed}`;
    case 'enrolled':
      return `${line.device} enrols as device ${line.deviceId}`;
    case 'started':
      return `${line.device} starts`;
    case 'stopped':
      return `${line.device} is killed`;
    case 'put-back':
      return `${line.device} gets an older vault back`;
    case 'invoked': {
      const { to, text, files, message, emoji, standing, device } = line.args;
      const about = [
        ...(text === undefined ? [] : [`"${text}"`]),
        ...withFiles(files),
        ...(message ? [words.message(message)] : []),
        ...(emoji === undefined ? [] : [emoji ?? 'no emoji']),
        ...(standing === undefined ? [] : [standing]),
        ...(device === undefined ? [] : [`device ${device}`]),
        ...(to === undefined ? [] : [`with ${words.person(to)}`]),
      ];
      return `${line.device} begins ${[line.name, ...about].join(' ')}`;
    }
    case 'returned':
      return `${line.device} is done${line.message ? ` with ${words.message(line.message)}` : ''}`;
    case 'threw':
      return `${line.device} fails: ${line.code}`;
    case 'told':
      return `${line.device} ${telling(line, words)}`;
    case 'crashed':
      return `${line.who} crashes: ${line.how}`;
    case 'fault':
      return `fault ${line.name}: ${line.on}`;
    case 'fault-ended':
      return `fault ${line.name} ends: ${line.on}`;
    case 'healed':
      return 'everything is healed';
    case 'settled':
      return line.isSettled ? 'everything is at rest' : `no rest: ${line.why ?? ''}`;
    case 'upload':
      return line.parts === null
        ? `the upload ${line.blob} is begun and not ended`
        : `the file ${line.blob} is whole at one node`;
    case 'blobs':
      return 'what nodes have of uploads is read';
    case 'memory':
      return `${line.who} has ${line.bytes} bytes`;
    case 'state': {
      const rows = line.state.conversations.flatMap(({ messages }) =>
        messages.map((message) => `${words.message(message)}: ${rowOf(message)}`),
      );
      return `${line.device} holds in the end ${rows.length === 0 ? 'nothing of it' : rows.join('; ')}`;
    }
    case 'servers':
      return 'the servers are read';
  }
};

/** Tells lines and sentences of a history. */
export const teller = (
  history: readonly Line[],
): { readonly line: (line: Line) => string; readonly sentence: (what: string) => string } => {
  const words = wordsOf(history);
  const begunAt = history[0]?.at ?? 0;
  return {
    line: (line) => {
      const seconds = ((line.at - begunAt) / 1000).toFixed(3).padStart(8);
      return `${seconds}  ${words.sentence(happening(line, words))}`;
    },
    sentence: words.sentence,
  };
};
