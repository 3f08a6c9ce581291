import type { Credentials } from '@restante/client';
import { passwordFault, type PasswordFault } from '../services/password-strength.ts';
import { isUsername, normalizeUsername } from '../services/username.ts';
import { Action } from './action.svelte.ts';

const MAX_DEVICE_NAME_LENGTH = 64;

/** What is wrong with a field, as keys of the account's texts. */
export type FieldErrors = {
  readonly username?: 'badUsername';
  readonly password?: PasswordFault;
  readonly deviceName?: 'badDeviceName';
};

/** What a person enters to make an account, or to sign in. */
export class Enrollment extends Action {
  username = $state('');
  password = $state('');
  deviceName = $state('');
  /** Errors show from the first attempt on, and go as they are corrected. */
  #tried = $state.raw(false);
  #isNew = $state.raw(false);
  readonly errors: FieldErrors = $derived(this.#tried ? this.#check() : {});

  constructor(username: string, deviceName: string) {
    super();
    this.username = username;
    this.deviceName = deviceName;
  }

  get credentials(): Credentials {
    return {
      username: normalizeUsername(this.username),
      password: this.password,
      deviceName: this.deviceName.trim(),
    };
  }
  override forget(): void {
    super.forget();
    this.#tried = false;
  }
  /** Sends what was entered, if it can be right. `isNew`: the password is being chosen, and must not be among those tried first. */
  async submit(ask: (credentials: Credentials) => Promise<void>, isNew = false): Promise<void> {
    this.#tried = true;
    this.#isNew = isNew;
    if (Object.keys(this.errors).length === 0) await this.run(() => ask(this.credentials));
  }

  #check(): FieldErrors {
    const { username, password, deviceName } = this.credentials;
    const fault = passwordFault(password);
    return {
      ...(!isUsername(username) && { username: 'badUsername' }),
      ...(fault !== null && (this.#isNew || fault !== 'commonPassword') && { password: fault }),
      ...((deviceName === '' || deviceName.length > MAX_DEVICE_NAME_LENGTH) && {
        deviceName: 'badDeviceName',
      }),
    };
  }
}
