import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isDataInUse } from './data-lock.ts';

/** Where the parts of a running cluster are: what the operators' commands need to reach them. */
const runningCluster = z.strictObject({
  frontUrl: z.string(),
  masterUrls: z.array(z.string()),
  mailboxNodes: z.array(z.strictObject({ name: z.string(), url: z.string() })),
  /** With credentials: the file is for this user's eyes only. */
  couches: z.array(
    z.strictObject({
      name: z.string(),
      adminUrl: z.string(),
      dataUrl: z.string(),
      meshUrl: z.string(),
      readerUrl: z.string(),
    }),
  ),
  databasePrefix: z.string(),
});
export type RunningCluster = z.infer<typeof runningCluster>;

const runningFile = (dataDir: string): string => join(dataDir, 'running.json');

/** Leaves a note of the cluster for the operators' commands, until disposal. */
export const noteRunningCluster = (dataDir: string, cluster: RunningCluster): Disposable => {
  rmSync(runningFile(dataDir), { force: true });
  writeFileSync(runningFile(dataDir), `${JSON.stringify(cluster, null, 2)}\n`, { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(runningFile(dataDir), { force: true }) };
};

/** The cluster that runs on this data folder, or null when none does, or when it is not up yet. */
export const findRunningCluster = async (dataDir: string): Promise<RunningCluster | null> => {
  if (!(await isDataInUse(dataDir))) return null;
  try {
    return runningCluster.parse(JSON.parse(readFileSync(runningFile(dataDir), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`${runningFile(dataDir)} is damaged: stop the cluster and start it again`, {
      cause: error,
    });
  }
};
