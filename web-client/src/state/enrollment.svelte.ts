import type { Credentials } from '@restante/client';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../services/password-strength.ts';
import { isUsername, normalizeUsername } from '../services/username.ts';
import { Action } from './action.svelte.ts';

const MAX_DEVICE_NAME_LENGTH = 64;

/** What is wrong with a field, as keys of the account's texts. */
export type FieldErrors = {
  readonly username?: 'badUsername';
  readonly password?: 'shortPassword' | 'longPassword';
  readonly deviceName?: 'badDeviceName';
};

/** What a person enters to make an account, or to sign in. */
export class Enrollment extends Action {
  username = $state('');
  password = $state('');
  deviceName = $state('');
  /** Errors show from the first attempt on, and go as they are corrected. */
  #tried = $state.raw(false);
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
  /** Sends what was entered, if it can be right. */
  async submit(ask: (credentials: Credentials) => Promise<void>): Promise<void> {
    this.#tried = true;
    if (Object.keys(this.errors).length === 0) await this.run(() => ask(this.credentials));
  }

  #check(): FieldErrors {
    const { username, password, deviceName } = this.credentials;
    return {
      ...(!isUsername(username) && { username: 'badUsername' }),
      ...(password.length < MIN_PASSWORD_LENGTH && { password: 'shortPassword' }),
      ...(password.length > MAX_PASSWORD_LENGTH && { password: 'longPassword' }),
      ...((deviceName === '' || deviceName.length > MAX_DEVICE_NAME_LENGTH) && {
        deviceName: 'badDeviceName',
      }),
    };
  }
}
