/**
 * What is wrong with a document of the directory: its id, its fields, its signature (none, not a master's, or one for another
 * revision), that it was deleted or is older than it has been, or that none of its contradicting leaves is what it should be.
 */
export const DIRECTORY_FAULTS = [
  'foreign-id',
  'bad-fields',
  'unsigned',
  'deleted',
  'rolled-back',
  'unresolvable',
] as const;
export type DirectoryFault = (typeof DIRECTORY_FAULTS)[number];
