/** Adding people, and making sure that they are who they say. */
export const people = {
  addTitle: 'Add contact',
  add: 'Add',
  contact: 'Username or link',
  addHint:
    'Ask the other person for their username, their link or their QR code. Pictures of the code can be pasted or dropped here.',
  badContact:
    'This is neither a username nor a contact’s link. A username begins with a letter and has 3 to 32 letters, digits, dots, dashes or underscores.',
  elsewhere: 'This link is of another server. People can be written to on their own server alone.',
  pictureOfCode: 'Picture of a QR code',
  noCodeInPicture: 'There is no QR code to be found in this picture.',
  followed: (name: string) => `You have followed a link to ${name}. Add them only if you know who they are.`,
  nobody: (name: string) => `There is nobody called ${name}.`,
  yourself: 'That is your own name. Send your link to somebody else.',
  myLink: 'My link',
  myLinkHint: 'Whoever opens this link or scans the code can write to you.',
  copyLink: 'Copy link',
  copied: 'Copied',
  notCopied: 'The browser did not allow copying. Select the link and copy it yourself.',
  qrOfLink: 'QR code of my link',
  scan: 'Scan a QR code',
  scanHint: 'Hold the other device’s code in front of the camera.',
  stopScanning: 'Stop the camera',
  cameraRefused:
    'The camera is not allowed for this site. Allow it in the browser’s settings, then try again.',
  cameraFailed: 'The camera could not be started. Another program may be using it.',
  notAContact: 'This is not the QR code of a contact here.',

  safetyTitle: (name: string) => `Safety number with ${name}`,
  safetyHint: (name: string) =>
    `Compare this number with the one that ${name} sees, side by side or in a call. If both are the same, nobody stands between you.`,
  safetyDigits: 'Safety number',
  safetyQr: 'Safety number as a QR code',
  scanSafety: 'Scan their code',
  markVerified: 'Mark as verified',
  removeVerification: 'Remove verification',
  verified: (name: string) => `You have verified ${name}.`,
  changed: (name: string) =>
    `The safety number has changed since you verified ${name}. Often they have lost all their devices and begun anew; compare the numbers again to be sure.`,
  same: (name: string) => `The codes are the same. You can mark ${name} as verified.`,
  different: (name: string) =>
    `The codes are different. Make sure that ${name} shows the safety number with you, and try again. If they stay different, do not write anything secret here.`,
  notASafetyNumber: 'This is not the QR code of a safety number.',
  noKeys: (name: string) => `There is no safety number with ${name} yet: their device has not told its key.`,
} as const;
