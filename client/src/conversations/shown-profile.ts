import type { ChosenProfile } from '../content/chosen-profile.ts';
import { profileName } from '../content/profile.ts';
import type { Conversation } from '../vault/tables.ts';

/** What a conversation shows of the profile of who it is with. A picture has the id of the choice that it came with. */
export const shownProfile = ({ id, name, picture }: ChosenProfile): NonNullable<Conversation['profile']> => ({
  name: name === null ? null : profileName(name),
  picture: picture === null ? null : id,
});
