import { choose, type Operation } from './operation.ts';

/** What a person does to devices and to the account. New ones sign in as processes of their own. */

export const refresh: Operation = {
  name: 'refresh',
  weight: 3,
  contents: [],
  perform: async ({ messenger, act }) => {
    await act({}, () => {
      messenger.refresh();
      return Promise.resolve(null);
    });
  },
};

/** What the other devices of the account have comes to this one; what it has stays as it is. */
export const takeHistory: Operation = {
  name: 'take-history',
  weight: 2,
  contents: ['history-request', 'history-part'],
  perform: async ({ messenger, act }) => {
    await act({}, async () => {
      await messenger.takeHistory();
      return null;
    });
  },
};

export const removeDevice: Operation = {
  name: 'remove-device',
  weight: 1,
  contents: [],
  perform: async ({ messenger, self, act }, { numbers }) => {
    const devices = await messenger.devices();
    const other = choose(
      devices.filter(({ deviceId }) => deviceId !== self.deviceId),
      numbers[0],
    );
    if (other === undefined) return;
    await act({ device: other.deviceId }, async () => {
      await messenger.removeDevice(other.deviceId);
      return null;
    });
  },
};

export const signOut: Operation = {
  name: 'sign-out',
  weight: 1,
  contents: [],
  perform: async ({ messenger, act }) => {
    await act({}, async () => {
      await messenger.signOut();
      return null;
    });
  },
};

export const deleteAccount: Operation = {
  name: 'delete-account',
  weight: 1,
  contents: [],
  perform: async ({ messenger, password, act }) => {
    await act({}, async () => {
      await messenger.deleteAccount(password);
      return null;
    });
  },
};
