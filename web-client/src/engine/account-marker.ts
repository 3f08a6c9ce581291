import type { WipedDevice } from './calls.ts';

/** Which account is on this device, and which device of it was lost before. */
export type AccountMarker = WipedDevice & { readonly lost: WipedDevice | null };

const KEY = 'restante.account';

const isDevice = (value: unknown): value is WipedDevice =>
  typeof value === 'object' &&
  value !== null &&
  'username' in value &&
  typeof value.username === 'string' &&
  'deviceId' in value &&
  typeof value.deviceId === 'number';

/**
 * A mark outside of IndexedDB that an account is here: a signed-out messenger that finds one knows that the browser has
 * wiped its storage. It holds no secret. Where there is no local storage nothing is marked.
 */
export const readMarker = (): AccountMarker | null => {
  try {
    const marker: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    if (!isDevice(marker)) return null;
    const { username, deviceId } = marker;
    const lost = 'lost' in marker && isDevice(marker.lost) ? marker.lost : null;
    return { username, deviceId, lost };
  } catch {
    return null;
  }
};

export const writeMarker = (marker: AccountMarker | null): void => {
  try {
    if (marker === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(marker));
  } catch {
    // The browser keeps nothing for this site: then there is nothing to be wiped either.
  }
};

/** Hears of markers that other tabs write. */
export const onMarkerWritten = (listener: (marker: AccountMarker) => void): void =>
  window.addEventListener('storage', ({ key }) => {
    const marker = key === KEY ? readMarker() : null;
    if (marker !== null) listener(marker);
  });

/** The marker once the messenger's state is known: `self` is null while nobody is signed in. */
export const markerAfter = (marker: AccountMarker | null, self: WipedDevice | null): AccountMarker | null => {
  if (self === null || (marker?.username === self.username && marker.deviceId === self.deviceId))
    return marker;
  const { username, deviceId } = self;
  const lost = marker?.username === username ? { username, deviceId: marker.deviceId } : null;
  return { username, deviceId, lost };
};
