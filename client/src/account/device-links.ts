import { createJoining, type Joining, type JoiningDeps } from './joining.ts';
import { createLinking, type Linking, type LinkingDeps } from './linking.ts';

/** A device is linked to an account by one that is on its list: both ends. */
export type DeviceLinks = Joining &
  Linking & {
    /** Ends what was begun here. */
    readonly endLinking: () => Promise<void>;
  };

export const createDeviceLinks = (deps: JoiningDeps & LinkingDeps): DeviceLinks => {
  const { end: endJoining, ...joining } = createJoining(deps);
  const { end, ...linking } = createLinking(deps);
  return {
    ...joining,
    ...linking,
    endLinking: () => {
      endJoining();
      end();
      return Promise.resolve();
    },
  };
};
