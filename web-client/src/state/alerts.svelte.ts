import type { Notifications } from '../services/notifications.ts';
import { StoredChoice } from './stored.svelte.ts';

const ON_OFF = ['off', 'on'] as const;

/** Whether, and how much, the browser tells of new messages while nobody looks. A choice of this browser. */
export class Alerts {
  readonly #notifications: Notifications;
  readonly #chosen = new StoredChoice('notifications', [...ON_OFF]);
  readonly #details = new StoredChoice('notification-details', [...ON_OFF]);
  #permission = $state.raw<ReturnType<Notifications['permission']>>('default');

  constructor(notifications: Notifications) {
    this.#notifications = notifications;
    this.#permission = notifications.permission();
  }

  get permission(): ReturnType<Notifications['permission']> {
    return this.#permission;
  }
  get on(): boolean {
    return this.#chosen.value === 'on' && this.#permission === 'granted';
  }
  get withDetails(): boolean {
    return this.#details.value === 'on';
  }
  showDetails(shown: boolean): void {
    this.#details.value = shown ? 'on' : 'off';
  }
  /** In answer to a click, because the browser may ask the person. */
  async turn(on: boolean): Promise<void> {
    if (on) this.#permission = await this.#notifications.ask();
    this.#chosen.value = on && this.#permission === 'granted' ? 'on' : 'off';
  }
}
