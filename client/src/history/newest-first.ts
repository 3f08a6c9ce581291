import { MAX_CONVERSATIONS } from '../conversations/reading.ts';
import { conversationPrefix, placeInTime } from '../vault/keys.ts';
import type { ConversationId } from '../vault/conversation-id.ts';
import type { Store } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';

/** A message, and its place among those of all conversations. */
export type Placed = { readonly place: string; readonly message: Message };

type Source = {
  /** Read and not given yet, the oldest first. */
  readonly rows: Placed[];
  /** Where it is read on. */
  readonly before: string | null;
  readonly conversation: ConversationId;
};

/** Of each conversation so many are in memory: there may be thousands. */
const PAGE = 16;
const CONVERSATIONS_PAGE = 500;

const fill = async (
  store: Pick<Store, 'list'>,
  conversation: ConversationId,
  before: string | null,
): Promise<Source> => {
  const prefix = conversationPrefix(conversation);
  const page = await store.list('messages', {
    ...{ prefix, limit: PAGE, reverse: true },
    ...(before !== null && { before: `${prefix}${before}` }),
  });
  const rows = page.map(({ key, value }) => ({ place: placeInTime(key), message: value })).reverse();
  return { conversation, rows, before: page.length < PAGE ? null : (rows[0]?.place ?? null) };
};

const newestOf = (source: Source | undefined): string => source?.rows.at(-1)?.place ?? '';

/** Puts a source where it belongs: the one with the newest message is the last. */
const insert = (sources: Source[], source: Source): void => {
  if (source.rows.length === 0) return;
  const place = newestOf(source);
  let low = 0;
  let high = sources.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (newestOf(sources[middle]) < place) low = middle + 1;
    else high = middle;
  }
  sources.splice(low, 0, source);
};

/**
 * The messages of all conversations that stand before a place, the newest first. A page of each conversation is in memory, and read when it is needed;
 * what comes meanwhile may be left out.
 */
export async function* newestFirst(
  store: Pick<Store, 'list'>,
  before: string | null,
): AsyncGenerator<Placed, void, undefined> {
  const sources: Source[] = [];
  for (let after = '', seen = 0; seen < MAX_CONVERSATIONS; seen += CONVERSATIONS_PAGE) {
    const page = await store.list('conversations', { after, limit: CONVERSATIONS_PAGE });
    for (const { value } of page) insert(sources, await fill(store, value.id, before));
    after = page.at(-1)?.key ?? '';
    if (page.length < CONVERSATIONS_PAGE) break;
  }
  for (let source = sources.pop(); source !== undefined; source = sources.pop()) {
    const placed = source.rows.pop();
    if (placed !== undefined) yield placed;
    if (source.rows.length > 0) insert(sources, source);
    else if (source.before !== null) insert(sources, await fill(store, source.conversation, source.before));
  }
}
