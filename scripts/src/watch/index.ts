export { environment, readConfig } from './config.ts';
export type { ShownState } from './cluster-routes.ts';
export { startWatch, type Watch } from './service.ts';
