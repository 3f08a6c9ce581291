import type { Strings } from '../../i18n/en/index.ts';
import { describePlatform, ownPlatform } from '../../services/platform.ts';

/** What this device may be called, such as "Firefox on Windows". */
export const ownDeviceName = ({ account }: Pick<Strings, 'account'>): string => {
  const { browser, system } = describePlatform(ownPlatform());
  return system === null
    ? (browser ?? account.thisBrowser)
    : account.deviceOn(browser ?? account.thisBrowser, system);
};
