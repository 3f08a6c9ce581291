export { buildMessengerPage } from './build-messenger-page.ts';
export { buildPage, type BuiltPage } from './build-page.ts';
export { launchChromium, launchProfile, type Profile } from './launch-chromium.ts';
export { startSite, type Answer, type Site } from './site.ts';
