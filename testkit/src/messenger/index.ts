export { createBrowserPerson, probeScript, type BrowserPerson } from './browser-person.ts';
export { NETWORK_FAILURES, type Complaints } from './complaints.ts';
export { messengerPage, type MessengerPage } from './messenger-page.ts';
export type { Probe, ShownMessage, StoredRow } from './page/probe-calls.ts';
export { GREETING, startStage, type Stage, type StageOptions } from './stage.ts';
