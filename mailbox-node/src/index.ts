export { environment, readConfig, type Config } from './config.ts';
export { startMailboxNode, type MailboxNode } from './service.ts';
