import { replicatorDatabase, usersDatabase } from '../storage/databases.ts';
import { plainPolicy, type DocumentPolicy } from './policy.ts';
import { replicationPolicy } from './replication-document.ts';
import { userPolicy } from './user-document.ts';

export function policyOf(databaseName: string): DocumentPolicy {
  if (databaseName === usersDatabase) return userPolicy;
  if (databaseName === replicatorDatabase) return replicationPolicy;
  return plainPolicy;
}
