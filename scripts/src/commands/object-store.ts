import {
  ConfigError,
  createObjectStore,
  messageTtlDays,
  objectStoreAddress,
  objectStoreVariables,
  readEnvironment,
  serverOrigins,
} from '@restante/service-kit';
import { z } from 'zod';
import { readOptions, type Command } from '../cli/command.ts';
import { expiryRule, originsRule, settingToWrite } from '../objects/bucket-settings.ts';

const environment = z.object({
  ...objectStoreVariables,
  SERVER_ORIGINS: serverOrigins,
  MESSAGE_TTL_DAYS: messageTtlDays,
});
const options = z.strictObject({ check: z.boolean().default(false) });

const DAY_MS = 24 * 60 * 60 * 1000;
/** A part may come a day after the time of its blob, and stores count whole days. */
const DAYS_LATER = 2;

export const objectStore: Command = {
  summary: 'bucket for files where BLOB_STORE=s3: expiry, and pages that may use it',
  help: `
Usage: npm run object-store [-- --check]

Creates the bucket unless it is there, and sets up that files expire in it and that the messenger's pages may put and get them
(lifecycle and CORS). What is as it should be, and rules of others, are left as they are. To be run again when SERVER_ORIGINS or
MESSAGE_TTL_DAYS have changed.

  --check  changes nothing, and says what is to be changed

Environment:

  S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY   as the mailbox nodes have them; the keys need the
                                                                              rights to create and set up the bucket
  SERVER_ORIGINS    origins of the messenger, with commas between them
  MESSAGE_TTL_DAYS  as the mailbox nodes have it (default 30)

Exit code: 0 as it should be, 1 it is not (--check) or the store refused, 2 bad options or environment.
`,
  run: async ({ args, environment: variables, print }) => {
    const { check } = readOptions(args, { check: { type: 'boolean' } }, options);
    const read = readEnvironment(environment, variables);
    const address = objectStoreAddress(read);
    if ('missing' in address) throw new ConfigError(`${address.missing.join(', ')}: needed`);
    await using objects = createObjectStore(address);
    if (!check) await objects.createBucket();
    const days = read.MESSAGE_TTL_DAYS / DAY_MS + DAYS_LATER;
    let isChanged = false;
    for (const setting of [expiryRule(days), originsRule(read.SERVER_ORIGINS)]) {
      const xml = settingToWrite(setting, await objects.readSetting(setting.name));
      if (xml !== null && !check) await objects.writeSetting(setting.name, xml);
      isChanged ||= xml !== null;
      const state = xml === null ? 'as it should be' : check ? 'to be changed' : 'changed';
      print(`${setting.name}: ${state}`);
    }
    return check && isChanged ? 1 : 0;
  },
};
