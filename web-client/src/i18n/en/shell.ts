export const shell = {
  appName: 'Restante',
  tagline: 'Messages that only you and those you write to can read. They wait until you call for them.',
  welcome: (name: string) => `Welcome, ${name}`,
  firstSteps: 'There is nobody here yet. Add somebody you know, or send them your link.',
  turnOn: 'Turn on',
  starting: 'Opening your messages …',
  loading: 'Loading …',
  notLoaded: 'This part could not be loaded. Check your connection and try again, or load the page again.',
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
  waitingDevice: {
    question: (name: string, day: string, time: string) =>
      `A new device wants in: ${name}, ${day} ${time}, signed in with your password.`,
    answer: 'Answer',
    title: 'Let it in?',
    compare:
      'Let it in only if it is yours and shows this number. It gets your messages, those of before too, and writes in your name.',
    digits: 'Number of the device',
    letIn: 'Let it in',
    refuse: 'No, and change my password',
  },
  waiting: {
    title: 'Waiting to be let in',
    text: 'Open Restante on a device that you have used before. It asks whether this one is yours.',
    digitsHint: 'It shows this number:',
    goesOn: 'As soon as you have answered there, it goes on here by itself.',
    noneLeft: 'None of my other devices is left',
    beginTitle: 'Begin with a new key?',
    beginText:
      'Devices that you had are no longer part of your account, and your contacts see that your safety number has changed. Only do this if you cannot use any of them any more. Enter your password to go on.',
    begin: 'Begin with a new key',
  },
  replacedKey: {
    told: 'Somebody has signed in with your password and begun a new key for your account.',
    advice: 'What is written to you goes to their device now, not to this one.',
    mine: 'That was me',
    takeBack: 'Take my account back',
    takeBackTitle: 'Take your account back?',
    takeBackText:
      'Your account goes on with the key of this device, and with this device alone. Change your password right after that, and remove the other devices.',
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
