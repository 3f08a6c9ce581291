import type { Device } from '../account/device.ts';
import { rowKindOf } from '../content/shared.ts';
import { pagesOf } from '../vault/pages.ts';
import type { Store } from '../vault/store.ts';
import type { Conversation, Message, TableName, Tables } from '../vault/tables.ts';

export type Exporting = {
  /** What a person would call their data, as JSON: account, contacts and messages; no keys and nothing secret. */
  readonly exportData: () => Promise<Blob>;
};

/** Version of the form of what is exported. */
const EXPORT_VERSION = 2;
const PAGE = 500;

/** `profileName`: what they call themselves, which is kept of strangers too, and shown when they are let in. */
const contactOf = ({ id, username, standing, verification, draft, settings, profile }: Conversation) => ({
  ...{ conversation: id, username, standing, verification, draft, nickname: settings.nickname },
  profileName: profile?.name ?? null,
});

/** Field by field, so that nothing gets out that is added to a row some day. */
const messageOf = (message: Message) => {
  const { id, conversation, direction, sentAt, writtenAt, kind, state, expiresAt } = message;
  const said = rowKindOf(message)?.exported(message) ?? { text: '' };
  return { id, conversation, direction, sentAt, writtenAt, kind, ...said, state, expiresAt };
};

/** Builds the JSON in pages: each is handed to the blob, which need not be in memory. */
export const createExporting = (
  store: Store,
  device: Device,
  now: () => number,
  loaded: Promise<unknown>,
): Exporting => {
  const partsOf = async <T extends TableName>(
    table: T,
    shown: (row: Tables[T]) => unknown,
  ): Promise<Blob[]> => {
    const parts: Blob[] = [];
    for await (const rows of pagesOf(store, table, { limit: PAGE })) {
      const text = rows.map(({ value }) => JSON.stringify(shown(value))).join(',\n');
      parts.push(new Blob([parts.length > 0 ? ',\n' : '', text]));
    }
    return parts;
  };

  return {
    exportData: async () => {
      await loaded;
      const { accountId, deviceId, username } = device.self();
      const head = { version: EXPORT_VERSION, exportedAt: now(), account: { accountId, deviceId, username } };
      return new Blob(
        [
          `${JSON.stringify(head).slice(0, -1)},\n"contacts":[`,
          ...(await partsOf('conversations', contactOf)),
          '],\n"messages":[',
          ...(await partsOf('messages', messageOf)),
          ']}\n',
        ],
        { type: 'application/json' },
      );
    },
  };
};
