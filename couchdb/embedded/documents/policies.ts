import { replicatorDatabase, usersDatabase } from '../storage/databases.ts';
import type { WritePolicy } from './policy.ts';
import { checkReplication } from './replication-document.ts';
import { hideAndCheckUser } from './user-document.ts';

export function policyOf(databaseName: string): WritePolicy {
  if (databaseName === usersDatabase) return hideAndCheckUser;
  if (databaseName === replicatorDatabase) return checkReplication;
  return (document) => document;
}
