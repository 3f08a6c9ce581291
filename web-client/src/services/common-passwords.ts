const WORDS = `
  password passwort passw0rd qwerty qwertz qwertyuiop qwertzuiop asdfgh asdfghjkl yxcvbnm zxcvbnm 1q2w3e4r 1q2w3e4r5t
  1qaz2wsx qazwsx q1w2e3r4 abc abcd abcde abcdef abcdefg abcdefgh abcdefghi letmein welcome willkommen hallo hello
  iloveyou ichliebedich schatz schatzi admin administrator root login user test guest master monkey dragon princess
  prinzessin sunshine sonnenschein football fussball baseball basketball superman batman spiderman starwars pokemon
  naruto minecraft computer internet secret geheim sommer winter fruehling herbst summer spring autumn michael thomas
  daniel charlie jordan ashley jessica jennifer nicole andrea sabine martin stefan andreas alexander christian
  hamburg berlin muenchen bayern borussia schalke liverpool chelsea arsenal barcelona ferrari porsche mercedes
  freedom freiheit shadow killer trustno hunter ranger buster tigger ginger pepper cookie chocolate schokolade
  banane banana flower blume butterfly schmetterling samsung google facebook whatever nothing nichts changeme
  restante messenger
`;

const DIGITS = `
  12345678 123456789 1234567890 87654321 987654321 0123456789 11111111 00000000 12341234 11223344 12121212 69696969
  88888888 147258369 123123123 789456123 741852963 123454321 11112222
`;

/** Passwords that are tried first, and words that most weak ones are made of; lower case. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(`${WORDS} ${DIGITS}`.trim().split(/\s+/));
