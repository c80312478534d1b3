/**
 * What can go wrong, as classes of people who suffer from it. Each is a row of the accuracy table.
 *
 * @module
 */
export interface Profile {
  name: string
  /** Probability per call. */
  lostRequest?: number
  lostAnswer?: number
  doubled?: number
  late?: number
  /** Of the beacon of a page that is gone. */
  lateLastBeat?: number
  /** Of a cut at some statement of the call; a share of them takes the process with it. */
  crash?: number
  /** Of the database ending the connection at some statement. */
  kill?: number
  /** Mean minutes between these, while the app is in use. */
  outageEveryMinutes?: number
  sleepEveryMinutes?: number
  napEveryMinutes?: number
  /** Once a session the lid is closed while a beat is on its way, and the browser drops the answer. */
  closesLidOnBeat?: boolean
  clockJumpEveryMinutes?: number
  reloadEveryMinutes?: number
  relaunchEveryMinutes?: number
  /** Always the same app, in short visits, and back within a minute. */
  isFaithful?: boolean
  /** With the app open beside it. */
  pausesInMarketplace?: boolean
  /** How many tabs of the app are open. */
  tabs?: number
  /** The browser dies, or the network goes for good, before anything can be said. */
  ending?: 'crash' | 'offline' | 'leave'
  cheat?: CheatName
}

export type CheatName =
  | 'blocks beats'
  | 'says activeMs 0 every 30 s'
  | 'says activeMs 0 every 125 s'
  | 'beats every 131 s'
  | 'final pairs'
  | 'invents beats and time'
  | 'pauses instead of beating'
  | 'resumes instead of beating'
  | 'takes over instead of beating'
  | 'ends in the marketplace after silence'
  | 'opens a new session instead of beating'
  | 'shows the browser before a takeover'
  | 'shows on after ending in the marketplace'
  | 'parks sessions, and shows one after the other'

/** So often at most: where everything is lost there is nothing to learn. */
const PROBABILITY_MOST = 0.9

/** The same, with every fault so many times as often. What a person does, they do as before. */
export function worsen(profile: Profile, times: number): Profile {
  const worse = { ...profile }
  for (const name of ['lostRequest', 'lostAnswer', 'doubled', 'late', 'crash', 'kill'] as const) {
    const chance = profile[name]
    if (chance !== undefined) worse[name] = Math.min(PROBABILITY_MOST, chance * times)
  }
  for (const name of [
    'outageEveryMinutes',
    'sleepEveryMinutes',
    'napEveryMinutes',
    'clockJumpEveryMinutes',
    'reloadEveryMinutes',
    'relaunchEveryMinutes',
  ] as const) {
    const minutes = profile[name]
    if (minutes !== undefined) worse[name] = minutes / times
  }
  return worse
}

export const HONEST: readonly Profile[] = [
  { name: 'nothing goes wrong' },
  { name: 'lost requests', lostRequest: 0.08 },
  { name: 'lost answers', lostAnswer: 0.08 },
  { name: 'doubled calls and events', doubled: 0.3 },
  { name: 'late and reordered', late: 0.05 },
  { name: 'network gone for minutes', outageEveryMinutes: 8 },
  { name: 'sleeping laptop', sleepEveryMinutes: 8 },
  { name: 'wrong and jumping clocks', clockJumpEveryMinutes: 3 },
  { name: 'several tabs', tabs: 3 },
  { name: 'reloads and relaunches', reloadEveryMinutes: 6, relaunchEveryMinutes: 12 },
  { name: 'process crashes', crash: 0.06 },
  { name: 'killed connections', kill: 0.06 },
  {
    name: 'everything at once',
    lostRequest: 0.03,
    lostAnswer: 0.02,
    doubled: 0.05,
    late: 0.01,
    crash: 0.02,
    kill: 0.01,
    outageEveryMinutes: 40,
    sleepEveryMinutes: 40,
    clockJumpEveryMinutes: 30,
    reloadEveryMinutes: 40,
    tabs: 2,
  },
]

/** Rows with a bound of their own: the rules of design § 6 decide here in somebody's favour. */
export const EXCEPTIONS: readonly Profile[] = [
  { name: 'browser crash, power', ending: 'crash' },
  // Each leaves a lease that nobody vouches for: after five of them in a day the allowance is used up.
  { name: 'crashes again and again', ending: 'crash', isFaithful: true },
  { name: 'network gone for good', ending: 'offline' },
  { name: 'naps inside one interval', napEveryMinutes: 4 },
  { name: 'a last beat that comes late', lateLastBeat: 1, ending: 'leave' },
  { name: 'lid closed on a beat', closesLidOnBeat: true },
  { name: 'answers lost after a sleep', sleepEveryMinutes: 8, lostAnswer: 0.08 },
  { name: 'paused in the marketplace', pausesInMarketplace: true },
]

/** Fewer than honest people, because some call every few seconds: five, and where there are more than fifty a tenth of them. */
export const cheatsOf = (peoplePerClass: number) =>
  Math.max(Math.min(peoplePerClass, 5), Math.floor(peoplePerClass / 10))

export const CHEATS: readonly Profile[] = (
  [
    'blocks beats',
    'says activeMs 0 every 30 s',
    'says activeMs 0 every 125 s',
    'beats every 131 s',
    'final pairs',
    'invents beats and time',
    'pauses instead of beating',
    'takes over instead of beating',
    'ends in the marketplace after silence',
    'opens a new session instead of beating',
    'resumes instead of beating',
    'shows the browser before a takeover',
    'shows on after ending in the marketplace',
    'parks sessions, and shows one after the other',
  ] as const
).map((cheat) => ({ name: cheat, cheat }))
