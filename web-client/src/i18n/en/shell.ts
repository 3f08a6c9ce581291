export const shell = {
  appName: 'Restante',
  tagline: 'Messages that only you and those you write to can read. They wait until you call for them.',
  welcome: (name: string) => `Welcome, ${name}`,
  firstSteps: 'There is nobody here yet. Add somebody you know, or send them your link.',
  turnOn: 'Turn on',
  starting: 'Opening your messages …',
  loading: 'Loading …',
  notLoaded: 'This part could not be loaded. Check your connection and load the page again.',
  reload: 'Reload',
  tryAgain: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  back: 'Back',
  done: 'Done',
  showCharacters: 'Show characters',
  hideCharacters: 'Hide characters',
  skipToMain: 'Skip to the conversation',
  noticesLabel: 'Notices',
  alert: 'You have a new message.',
  update: { ready: 'A new version is ready.', reload: 'Reload' },
  newDevice: {
    signedIn: (name: string, day: string, time: string) =>
      `${name} has signed in to your account, ${day} ${time}.`,
    advice: 'If that was not you, remove it, then change your password.',
    mine: 'That was me',
    remove: 'Remove it',
  },
  lostDevice: {
    text: 'The browser wiped the storage of this device. Its old entry is still in your account, so people still encrypt for it.',
    remove: 'Remove it',
    keep: 'Keep it',
  },
  trouble: {
    lostTitle: 'The browser closed your storage',
    lostText:
      'Your messages are kept by this browser, and it has just taken the storage away: perhaps the data of this site was cleared, or the disk is full. Nothing new is received until the storage is open again.',
    failedTitle: 'Your messages cannot be opened',
    failedText:
      'This browser does not open the storage that your messages are kept in. Close other tabs of Restante, or leave private browsing, then try again.',
    fullText:
      'The disk is full, so the storage of your messages cannot be opened. Free some space, then try again.',
    newerText:
      'Another tab has opened your messages with a newer version of Restante. Load the page again to get that version.',
    oldBrowserText:
      'This browser lacks something that Restante needs. Update it, or use a current Chromium, Firefox or Safari.',
    nothingLost: 'Messages for you go on waiting in your mailbox for up to 30 days.',
    detail: (name: string) => `What the browser says: ${name}`,
  },
} as const;
