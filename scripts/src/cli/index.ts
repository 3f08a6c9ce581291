export { clusterCouchUrls } from '../commands/couch-urls.ts';
export { readOptions, runCommand, UsageError, type Command, type CommandContext } from './command.ts';
export { minutes, names, whole } from './option-values.ts';
export { processContext } from './process-context.ts';
export { table } from './table.ts';
