import type { DeviceLinks } from './account/device-links.ts';
import { codeOnDemand } from './code-on-demand.ts';
import type { Conversing } from './conversations/conversing.ts';
import type { Exporting } from './conversations/export.ts';
import type { Filing } from './conversations/filing.ts';
import type { Searching } from './conversations/searching.ts';
import type { SettingUp } from './conversations/setting-up.ts';
import type { Starring } from './conversations/starring.ts';
import type { Timing } from './conversations/timing.ts';
import type { FileStorage } from './files/stored-files.ts';
import type { History } from './history/history.ts';
import type { People } from './people/people.ts';
import type { Profiles } from './people/profiles.ts';
import type { Trust } from './people/trust.ts';

/** What people do who have an account, or are about to have one. */
export type Acts = Conversing &
  DeviceLinks &
  Exporting &
  Filing &
  FileStorage &
  History &
  People &
  Profiles &
  Searching &
  SettingUp &
  Starring &
  Timing &
  Trust;

const NAMES = {
  ...{ showJoinCode: true, takeLinkCode: true, invited: true, join: true },
  ...{
    showLinkCode: true,
    applicant: true,
    takeJoinCode: true,
    linkDevice: true,
    isLinked: true,
    endLinking: true,
  },
  ...{ sendText: true, editText: true, react: true, retry: true, markRead: true, markReadUpTo: true },
  ...{ deleteForMe: true, deleteForEveryone: true, setMessageTimer: true },
  ...{ addContact: true, setStanding: true, deleteConversation: true, setDraft: true },
  ...{ sendFiles: true, pauseUpload: true, openFile: true, askForFile: true },
  ...{ storedFiles: true, removeStoredFiles: true },
  ...{ historyProgress: true, takeHistory: true, pauseHistory: true },
  ...{ profile: true, profileOf: true, setProfile: true },
  ...{
    exportData: true,
    search: true,
    setConversationSettings: true,
    setStarred: true,
    starredMessages: true,
  },
  ...{ safety: true, setVerified: true, acceptKeys: true },
} satisfies Record<keyof Acts, true>;

export const actsCode = codeOnDemand(async () => {
  const [conversing, exporting, filing, searching, settingUp, starring, timing] = await Promise.all([
    import('./conversations/conversing.ts'),
    import('./conversations/export.ts'),
    import('./conversations/filing.ts'),
    import('./conversations/searching.ts'),
    import('./conversations/setting-up.ts'),
    import('./conversations/starring.ts'),
    import('./conversations/timing.ts'),
  ]);
  const [links, storage, unused, history, people, writing, receipt, profiles, trust, blobs] =
    await Promise.all([
      import('./account/device-links.ts'),
      import('./files/stored-files.ts'),
      import('./files/unused-files.ts'),
      import('./history/history.ts'),
      import('./people/people.ts'),
      import('./people/writing.ts'),
      import('./people/read-receipt.ts'),
      import('./people/profiles.ts'),
      import('./people/trust.ts'),
      import('./server/blob-api.ts'),
    ]);
  return {
    createConversing: conversing.createConversing,
    createDeviceLinks: links.createDeviceLinks,
    createExporting: exporting.createExporting,
    createFiling: filing.createFiling,
    createFileStorage: storage.createFileStorage,
    createUnusedFiles: unused.createUnusedFiles,
    createHistory: history.createHistory,
    createPeople: people.createPeople,
    createProfiles: profiles.createProfiles,
    createSearching: searching.createSearching,
    createSettingUp: settingUp.createSettingUp,
    createStarring: starring.createStarring,
    createTiming: timing.createTiming,
    createTrust: trust.createTrust,
    admitWriting: writing.admitWriting,
    readReceipt: receipt.readReceipt,
    blobApi: blobs.blobApi,
  };
});

type Code = Awaited<ReturnType<typeof actsCode>>;
type Act = (...args: readonly unknown[]) => Promise<unknown>;

/**
 * The acts that `create` makes, before their code is there: each throws MessengerError `unreachable` when that cannot be fetched. Those that
 * wait for it go on in the order in which they were asked for.
 */
export const actsOnDemand = (create: (code: Code) => Acts): Acts => {
  let created: Acts | null = null;
  const names = Object.keys(NAMES) as (keyof Acts)[];
  const acts = names.map((name): [string, Act] => [
    name,
    async (...args) => {
      const code = await actsCode();
      created ??= create(code);
      return (created[name] as Act)(...args);
    },
  ]);
  return Object.fromEntries(acts) as unknown as Acts;
};
