/** A prefix of database names that no other run uses. */
export const newPrefix = (): string => `bench${Date.now().toString(36)}${process.pid}-`;
