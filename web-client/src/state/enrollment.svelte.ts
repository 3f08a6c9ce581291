import type { Credentials } from '@restante/client';
import { passwordFault, type PasswordFault } from '../services/password-strength.ts';
import { isInvite, normalizeInvite } from '../services/invite-code.ts';
import { isUsername, normalizeUsername } from '../services/username.ts';
import { Action } from './action.svelte.ts';

const MAX_DEVICE_NAME_LENGTH = 64;

/** What is wrong with a field, as keys of the account's texts. */
export type FieldErrors = {
  readonly username?: 'badUsername';
  readonly password?: PasswordFault;
  readonly deviceName?: 'badDeviceName';
  readonly invite?: 'badInvite';
};

/** What a person enters to make an account, or to sign in. */
export class Enrollment extends Action {
  username = $state('');
  password = $state('');
  deviceName = $state('');
  invite = $state('');
  /** Whether an account takes an invite code here: it came with a link, or the server has said so. */
  #asksInvite = $state.raw(false);
  /** Errors show from the first attempt on, and go as they are corrected. */
  #tried = $state.raw(false);
  #isNew = $state.raw(false);
  readonly errors: FieldErrors = $derived(this.#tried ? this.#check() : {});

  constructor(username: string, deviceName: string, invite = '') {
    super();
    this.invite = invite;
    this.#asksInvite = invite !== '';
    this.username = username;
    this.deviceName = deviceName;
  }

  get asksInvite(): boolean {
    return this.#asksInvite;
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
  async submit(
    ask: (credentials: Credentials & { invite?: string }) => Promise<void>,
    isNew = false,
  ): Promise<void> {
    this.#tried = true;
    this.#isNew = isNew;
    if (Object.keys(this.errors).length > 0) return;
    const invite = isNew && this.#asksInvite ? { invite: normalizeInvite(this.invite) } : {};
    await this.run(() => ask({ ...this.credentials, ...invite }));
    if (this.failure?.code === 'invite-needed') {
      this.#asksInvite = true;
      this.#tried = false;
    }
  }

  #check(): FieldErrors {
    const { username, password, deviceName } = this.credentials;
    const fault = passwordFault(password);
    const needsInvite = this.#isNew && this.#asksInvite;
    return {
      ...(!isUsername(username) && { username: 'badUsername' }),
      ...(fault !== null && (this.#isNew || fault !== 'commonPassword') && { password: fault }),
      ...((deviceName === '' || deviceName.length > MAX_DEVICE_NAME_LENGTH) && {
        deviceName: 'badDeviceName',
      }),
      ...(needsInvite && !isInvite(normalizeInvite(this.invite)) && { invite: 'badInvite' }),
    };
  }
}
