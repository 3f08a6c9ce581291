/** What there is to know and to choose about a conversation. */
export const details = {
  title: 'Details',
  show: 'Show details',
  close: 'Close details',
  showPicture: (name: string) => `Show the picture of ${name}`,
  calledByThemselves: (name: string) => `Calls themselves ${name}`,
  nickname: 'Nickname',
  noNickname: 'None',
  nicknameHint: 'Only you see it, on all of your devices.',
  changeNickname: 'Change nickname',
  safety: 'Safety number',
  safetyStates: {
    none: 'Not verified',
    verified: 'Verified',
    changed: 'Changed since you verified it',
  },
  mutedUntil: (day: string, time: string) => `Muted until ${day}, ${time}`,
  mutedForGood: 'Muted until you unmute',
  archived: 'In the archive',
  media: 'Pictures and files',
  allMedia: 'Show all',
} as const;
