export const settings = {
  title: 'Settings',
  sections: {
    account: 'Account',
    privacy: 'Privacy',
    appearance: 'Appearance',
    notifications: 'Notifications',
    devices: 'Devices',
    storage: 'Storage',
  },

  signedInAs: 'Your username',
  profile: 'Profile',
  profileHint: 'A name and a picture, for those you have let in.',
  profileAbout:
    'Only people you have let in see your name and picture; the servers see neither. Your username stays what others add you by.',
  changeProfile: 'Change profile',
  profileName: 'Name',
  choosePicture: 'Choose a picture',
  removePicture: 'Remove the picture',
  noPicture: 'This file is no picture that can be shown here.',
  saveProfile: 'Save',
  signOut: 'Sign out',
  signOutHint: 'Removes this device from your account, and all messages from this device.',
  signOutTitle: 'Sign out of this device?',
  signOutText:
    'All messages on this device are deleted. Those that are not on another of your devices cannot be recovered; “Export my data” under Storage keeps a copy.',
  changePassword: 'Change password',
  changePasswordHint: 'Your devices stay signed in, unless you remove them as well.',
  oldPassword: 'Password until now',
  newPassword: 'New password',
  removeOtherDevices: 'Remove my other devices',
  removeOtherDevicesAbout:
    'Choose this if somebody else may know your password: they may have signed in with it.',
  passwordChanged: 'Your password has been changed.',
  deleteAccount: 'Delete account',
  deleteAccountHint: 'Your username, your devices and everything that waits for you are deleted for good.',
  deleteAccountTitle: 'Delete your account for good?',
  deleteAccountText:
    'Nobody can undo this. What you wrote stays with those who received it. Enter your password to go on.',
  wrongPassword: 'The password is wrong.',

  readReceipts: 'Read receipts',
  readReceiptsAbout:
    'Others see when you have read their messages. If it is off, you do not see theirs either.',
  typing: 'Typing',
  typingAbout: 'Others see when you are typing.',
  presence: 'Online status',
  presenceAbout: 'Your contacts see when you are there.',

  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
  language: 'Language',
  languageOfBrowser: 'As in the browser',

  notify: 'Notifications',
  notifyAbout: 'Shows new messages while no tab of Restante is in view. It must stay open somewhere.',
  notifyDetails: 'Show who writes and what',
  notifyDetailsAbout: 'Others who see your screen can read it too.',
  notifyDenied: 'The browser does not allow notifications for this site. Allow them in its settings first.',
  notifyUnsupported: 'This browser has no notifications for sites.',

  devicesHint: 'Each device has keys of its own. Remove one that you do not know or no longer use.',
  thisDevice: 'This device',
  waitsSince: 'Not let in',
  deviceSince: (day: string) => `Since ${day}`,
  removeDevice: 'Remove',
  removeDeviceNamed: (name: string) => `Remove ${name}`,
  removeDeviceTitle: (name: string) => `Remove ${name}?`,
  removeDeviceText: 'It is signed out and gets no more messages. What it has received stays on it.',
  removedDevice: (name: string) =>
    `${name} is removed. If somebody else has it, change your password and begin with a new key: it still knows the one that your account has now.`,
  newKey: 'Begin with a new key',
  newKeyTitle: 'Begin with a new key?',
  newKeyText:
    'Your account goes on with this device alone: let your others in again on it. Your contacts see that your safety number has changed. Enter your password to go on.',
  wipedDevice: 'Its storage was wiped',

  used: 'Used on this device',
  usedOf: (used: string, quota: string) => `${used} of up to ${quota}`,
  kept: 'Lasting storage',
  persistent: 'The browser has promised to keep your messages until you remove them.',
  notPersistent:
    'The browser may remove your messages by itself when the disk is full or Restante is not used for a long time.',
  askPersistent: 'Ask it to keep them',
  askedInVain: 'The browser has not agreed. Installing Restante or allowing notifications often helps.',
  fetched: {
    title: 'Fetched by itself',
    about:
      'As soon as you see it, from people you have let in. Everything else comes when you open it. This browser only.',
    kinds: {
      pictures: 'Pictures',
      voice: 'Voice messages',
      media: 'Films and recordings',
      files: 'Other files',
    },
    never: 'Never',
    upTo: (size: string) => `Up to ${size}`,
    always: 'Whatever their size',
  },
  files: 'Files on this device',
  filesTake: (count: number, size: string) => `${count === 1 ? '1 file' : `${count} files`}, ${size}`,
  removeFiles: 'Remove',
  removeFilesOf: (name: string) => `Remove files with ${name}`,
  removeFilesTitle: (name: string) => `Remove the files with ${name} from this device?`,
  removeFilesText:
    'Messages and small pictures stay. Files are fetched again when you open them, for 30 days after they were sent; older ones are gone from here for good.',
  export: 'Export my data',
  exportHint:
    'Saves your account, contacts and messages as a file. It is not encrypted and holds no keys: keep it in a safe place.',
  exported: 'The file is in your downloads.',
  install: 'Install Restante',
  installHint: 'Installed, it opens in a window of its own, also without a network.',
} as const;
