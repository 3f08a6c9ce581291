import { StoredChoice } from './stored.svelte.ts';

/** The largest file that is fetched unasked, in bytes. */
export const FETCHED_UP_TO = {
  never: 0,
  '1': 1_000_000,
  '8': 8_000_000,
  '25': 25_000_000,
  always: Infinity,
} as const;
export type FetchedUpTo = keyof typeof FETCHED_UP_TO;

/** What a file is to those who choose; `media`: films and recordings. */
export const FILE_KINDS = ['pictures', 'voice', 'media', 'files'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** As much as a picture of a phone has; what may be long, or is opened elsewhere, waits until it is wanted. */
const UNLESS_CHOSEN: Readonly<Record<FileKind, FetchedUpTo>> = {
  pictures: '8',
  voice: '8',
  media: 'never',
  files: 'never',
};

const choiceOf = (kind: FileKind): StoredChoice<FetchedUpTo> => {
  const all = Object.keys(FETCHED_UP_TO) as FetchedUpTo[];
  return new StoredChoice(`fetched-unasked-${kind}`, [UNLESS_CHOSEN[kind], ...all]);
};

/** Which files of people who were let in this browser fetches as soon as they are seen, by kind and size. */
export class FetchedUnasked {
  readonly #choices: Readonly<Record<FileKind, StoredChoice<FetchedUpTo>>> = {
    pictures: choiceOf('pictures'),
    voice: choiceOf('voice'),
    media: choiceOf('media'),
    files: choiceOf('files'),
  };

  upTo(kind: FileKind): FetchedUpTo {
    return this.#choices[kind].value;
  }
  choose(kind: FileKind, upTo: FetchedUpTo): void {
    this.#choices[kind].value = upTo;
  }
  /** `bytes`: how large the file is. */
  includes(kind: FileKind, bytes: number): boolean {
    return bytes <= FETCHED_UP_TO[this.upTo(kind)];
  }
}
