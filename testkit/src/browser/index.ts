export { buildPage, type BuiltPage } from './build-page.ts';
export { launchChromium } from './launch-chromium.ts';
export { startSite, type Answer, type Site } from './site.ts';
