/** Name of the database of accounts, devices and keys. `prefix`: of all databases of a cluster, usually none. */
export const directoryDatabase = (prefix = ''): string => `${prefix}directory`;
