import { codeOnDemand } from './code-on-demand.ts';
import type { Exporting } from './conversations/export.ts';
import type { Filing } from './conversations/filing.ts';
import type { Searching } from './conversations/searching.ts';
import type { SettingUp } from './conversations/setting-up.ts';
import type { Starring } from './conversations/starring.ts';
import type { FileStorage } from './files/stored-files.ts';
import type { Profiles } from './people/profiles.ts';
import type { Trust } from './people/trust.ts';

/** What people do who have an account, and not as soon as they have one. */
export type Acts = Exporting & Filing & FileStorage & Profiles & Searching & SettingUp & Starring & Trust;

export const actsCode = codeOnDemand(async () => {
  const [exporting, filing, storage, unused, profiles, searching, settingUp, starring, trust, blobs] =
    await Promise.all([
      import('./conversations/export.ts'),
      import('./conversations/filing.ts'),
      import('./files/stored-files.ts'),
      import('./files/unused-files.ts'),
      import('./people/profiles.ts'),
      import('./conversations/searching.ts'),
      import('./conversations/setting-up.ts'),
      import('./conversations/starring.ts'),
      import('./people/trust.ts'),
      import('./server/blob-api.ts'),
    ]);
  return {
    createExporting: exporting.createExporting,
    createFiling: filing.createFiling,
    createFileStorage: storage.createFileStorage,
    createUnusedFiles: unused.createUnusedFiles,
    createProfiles: profiles.createProfiles,
    createSearching: searching.createSearching,
    createSettingUp: settingUp.createSettingUp,
    createStarring: starring.createStarring,
    createTrust: trust.createTrust,
    blobApi: blobs.blobApi,
  };
});

type Code = Awaited<ReturnType<typeof actsCode>>;

/** The acts that `create` makes, before their code is there: each throws MessengerError `unreachable` when that cannot be fetched. */
export const actsOnDemand = (create: (code: Code) => Acts): Acts => {
  let created: Acts | null = null;
  const acts = async (): Promise<Acts> => {
    const code = await actsCode();
    return (created ??= create(code));
  };
  return {
    exportData: async () => (await acts()).exportData(),
    sendFiles: async (...args) => (await acts()).sendFiles(...args),
    pauseUpload: async (...args) => (await acts()).pauseUpload(...args),
    openFile: async (...args) => (await acts()).openFile(...args),
    askForFile: async (...args) => (await acts()).askForFile(...args),
    storedFiles: async () => (await acts()).storedFiles(),
    removeStoredFiles: async (...args) => (await acts()).removeStoredFiles(...args),
    profile: async () => (await acts()).profile(),
    profileOf: async (...args) => (await acts()).profileOf(...args),
    setProfile: async (...args) => (await acts()).setProfile(...args),
    search: async (...args) => (await acts()).search(...args),
    setConversationSettings: async (...args) => (await acts()).setConversationSettings(...args),
    setStarred: async (...args) => (await acts()).setStarred(...args),
    starredMessages: async (...args) => (await acts()).starredMessages(...args),
    safety: async (...args) => (await acts()).safety(...args),
    setVerified: async (...args) => (await acts()).setVerified(...args),
    acceptKeys: async (...args) => (await acts()).acceptKeys(...args),
  };
};
