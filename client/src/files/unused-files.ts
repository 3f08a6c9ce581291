import { coalesce } from '../coalesce.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Store } from '../vault/store.ts';
import type { Message, MessageFile } from '../vault/tables.ts';
import { keptName } from './kept-files.ts';
import type { PartStore } from './part-store.ts';

/** Drops what is kept of files whose message is not here any more, or has been taken back. */
export type UnusedFiles = {
  /** Their message is gone, or out of sight. */
  readonly onGone: (files: readonly MessageFile[]) => void;
  /**
   * Looks at some of all that is kept, from anywhere: what a run that ended in the middle has left is found in one of the next. All of it
   * would cost a start as much as it holds.
   */
  readonly lookAtSome: () => void;
};

const PAGE = 200;
const NAME_BYTES = 16;

const anyName = (): string =>
  [...crypto.getRandomValues(new Uint8Array(NAME_BYTES))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

/** `keeping`: names of files that are being kept and have no message yet. */
export const createUnusedFiles = ({
  store,
  parts,
  keeping,
  onFault,
}: {
  readonly store: Store;
  readonly parts: PartStore;
  readonly keeping: ReadonlySet<string>;
  readonly onFault: (error: unknown) => void;
}): UnusedFiles => {
  /** Of which the messages are gone: their keys. */
  let gone: string[] = [];
  let isSomeDue = false;

  const isIn = async (message: Message | undefined, name: string): Promise<boolean> => {
    for (const file of message?.files ?? []) if ((await keptName(file)) === name) return true;
    return false;
  };

  /** Those of a page of names that no message here has, be it put away. */
  const unusedOf = async (names: readonly string[]): Promise<string[]> => {
    const owners = await store.getMany('keptFiles', names);
    const ofOwners = owners.map((owner) => (owner ? authoredKey(owner.author, owner.message) : ''));
    const keys = (await store.getMany('messageKeys', ofOwners)).map((key) => key ?? '');
    const messages = await store.getMany('messages', keys);
    const away = await store.getMany('putAway', keys);
    const unused: string[] = [];
    for (const [index, name] of names.entries())
      if (!keeping.has(name) && !(await isIn(messages[index] ?? away[index], name))) unused.push(name);
    return unused;
  };

  const dropUnused = async (names: readonly string[]): Promise<void> => {
    for (let start = 0; start < names.length; start += PAGE) {
      const unused = await unusedOf(names.slice(start, start + PAGE));
      if (unused.length === 0) continue;
      for (const name of unused) if (!keeping.has(name)) await parts.drop(name);
      await store.transact((transaction) => {
        for (const name of unused) if (!keeping.has(name)) transaction.delete('keptFiles', name);
      });
    }
  };

  /** A page from anywhere on, with the first ones where the end comes before. */
  const somePage = async (list: (after: string, limit: number) => Promise<string[]>): Promise<string[]> => {
    const page = await list(anyName(), PAGE);
    return page.length === PAGE ? page : [...page, ...(await list('', PAGE - page.length))];
  };
  const some = async (): Promise<string[]> => {
    const rows = async (after: string, limit: number): Promise<string[]> =>
      (await store.list('keptFiles', { after, limit })).map(({ key }) => key);
    return [...new Set([...(await somePage(parts.names)), ...(await somePage(rows))])];
  };

  const run = coalesce(async () => {
    const keys = gone;
    gone = [];
    await dropUnused(await Promise.all(keys.map((key) => keptName({ key }))));
    if (!isSomeDue) return;
    isSomeDue = false;
    await dropUnused(await some());
  });
  const tidy = (): void => void run().catch(onFault);

  return {
    onGone: (files) => {
      gone.push(...files.map(({ key }) => key));
      tidy();
    },
    lookAtSome: () => {
      isSomeDue = true;
      tidy();
    },
  };
};
