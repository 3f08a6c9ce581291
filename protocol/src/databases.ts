/** Name of the database of accounts, devices and keys. `prefix`: of all databases of a cluster, usually none. */
export const directoryDatabase = (prefix = ''): string => `${prefix}directory`;

/** Name of the database in which a mailbox node keeps what it knows of itself: nobody else's to read or write, never replicated. */
export const nodeDatabase = (prefix = ''): string => `${prefix}node`;
