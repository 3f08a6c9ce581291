import { TEST_PASSWORD } from '@restante/testkit/cluster';

/** What is recorded of a release for all later ones (law 14), and how it is found again. */

/** Where clients of the record find the cluster, whatever its address is. */
export const ORIGIN = 'http://restante.test';

export const PASSWORD = TEST_PASSWORD;
export const PASSPHRASE = 'four quiet herons wade';

/** Everybody but Anna, who has written with each of them. Each has a vault of another kind, as Anna has a file without a passphrase. */
export const FRIENDS = ['bert', 'cora', 'dora'] as const;
export type Friend = (typeof FRIENDS)[number];

/** What Anna and a friend have on the screen when they leave, the oldest first. */
export const said = (friend: Friend): { readonly anna: string[]; readonly friend: string[] } => ({
  anna: [`hello ${friend}`, `how are you, ${friend}?`],
  friend: [`${friend} says hello`],
});
/** What Anna writes to a friend who has left. */
export const waiting = (friend: Friend): string => `this waits for ${friend}`;

export const DRAFT = 'a draft that Anna has left';
export const REACTION = '👍';

/** Files of a record. */
export const ARCHIVE = 'data.tar.gz';
export const CONVERSATION = 'conversation.jsonl';
export const RECORD = 'record.json';

/** What stands in `record.json`. `at`: milliseconds since 1970, when it was finished. */
export type Record = { readonly at: number; readonly protocol: number };

/** One thing that Anna's client said or heard, as it was on the wire. `name`: type of a frame, name of a body. */
export type Line = {
  readonly by: 'client' | 'server';
  readonly name: string;
  readonly frame: boolean;
  readonly value: object;
};

/** Parts of a browser's profile that have what the messenger keeps; their key for the rows is in there, and no script can export it. */
export const PROFILE_PARTS = ['Default/IndexedDB', 'Default/Local Storage'] as const;
