/**
 * The walks along the edges of the rules, each a person's.
 *
 * @module
 */
import type { Step } from './edges.ts'

const START: readonly Step[] = [
  [6, (it) => it.launch()],
  [8, (it) => it.say('heartbeat', { activeMs: 2_000 })],
]

export const WALKS: Readonly<Record<string, readonly Step[]>> = {
  'what gaps count': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(20)],
    ...START,
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    // Asleep for a minute, and gone for longer than a lease.
    [98, (it) => it.say('heartbeat', { activeMs: 0 })],
    [238, (it) => it.beatSayingNothing()],
    [250, (it) => it.say('heartbeat', { activeMs: 12_000, final: true })],
    [290, (it) => it.say('heartbeat', { activeMs: 0 })],
    // Doubled, and overtaken.
    [310, (it) => it.beatAgain(0, 20_000)],
    [315, (it) => it.beatAgain(1, 20_000)],
    [320, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [440, (it) => it.market('complete')],
    [445, (it) => it.market('complete')],
    [450, (it) => it.say('complete', { activeMs: 0 })],
  ],
  pauses: [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(20)],
    ...START,
    [20, (it) => it.say('pause', { activeMs: 12_000 })],
    [40, (it) => it.say('resume', { activeMs: 0 })],
    [60, (it) => it.say('heartbeat', { activeMs: 20_000 })],
    // Twice a quarter of an hour and more: abandoned, though neither alone would be.
    [70, (it) => it.market('pause')],
    [75, (it) => it.say('resume', { activeMs: 0 })],
    [1_030, (it) => it.market('resume')],
    [1_050, (it) => it.say('heartbeat', { activeMs: 20_000 })],
    [1_060, (it) => it.market('pause')],
    [2_020, (it) => it.look()],
  ],
  'silence before the first beat, and for good': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(20)],
    [6, (it) => it.launch()],
    [66, (it) => it.look()],
    [68, (it) => it.say('heartbeat', { activeMs: 62_000 })],
    [1_930, (it) => it.look()],
  ],
  'running out with nobody there': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(3)],
    ...START,
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [68, (it) => it.say('heartbeat', { activeMs: 30_000 })],
  ],
  'what is held, refunded and owed': [
    [0, (it) => it.buy(50)],
    [3, (it) => it.open(10)],
    ...START,
    [10, (it) => it.open(10)],
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [40, (it) => it.refund(1)],
    [42, (it) => it.refund(0.5)],
    // Free of charge, but not for who owes.
    [44, (it) => it.open(10, 'free')],
    [46, (it) => it.say('complete', { activeMs: 8_000 })],
    [48, (it) => it.open(10, 'free')],
    [50, (it) => it.buy(100)],
    [54, (it) => it.open(10, 'free')],
  ],
  'disputes lost and won': [
    [0, (it) => it.buy(50)],
    [3, (it) => it.dispute('lost')],
    [6, (it) => it.endDispute('lost', false)],
    [9, (it) => it.open(10)],
    [12, (it) => it.buy(60)],
    [15, (it) => it.dispute('won')],
    [18, (it) => it.endDispute('won', true)],
    [21, (it) => it.open(10)],
    // Told the wrong way round.
    [24, (it) => it.endDispute('late', true)],
    [27, (it) => it.dispute('late')],
    [30, (it) => it.open(5)],
    [33, (it) => it.dispute('part', 0.5, 'asked')],
    [36, (it) => it.dispute('part', 0.5)],
    [39, (it) => it.endDispute('part', false, 0.25)],
    [42, (it) => it.refund(0.5)],
    [45, (it) => it.failRefund(0.5)],
    [48, (it) => it.dispute('asked', 0.5, 'asked')],
  ],
  'an extension, and its answer lost': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(5)],
    ...START,
    [20, (it) => it.extend(5)],
    [25, (it) => it.askAgain()],
    [38, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    [60, (it) => it.say('complete', { activeMs: 22_000 })],
  ],
  'an extension after the app has closed, and an answer lost': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(3)],
    ...START,
    ...[38, 68, 98, 128, 158].map(
      (second): Step => [second, (it) => it.say('heartbeat', { activeMs: 30_000 })],
    ),
    [170, (it) => it.say('heartbeat', { activeMs: 12_000 })],
    [230, (it) => it.extend(5)],
    [240, (it) => it.say('heartbeat', { activeMs: 0 })],
    // The page believes it is closed, and starts the clock again.
    [250, (it) => it.say('resume', { activeMs: 0 })],
    // The answer to that is lost, while another question has opened it.
    [258, (it) => it.say('resume', { activeMs: 5_000 })],
    [270, (it) => it.say('heartbeat', { activeMs: 12_000 })],
    [280, (it) => it.say('complete', { activeMs: 10_000 })],
  ],
  'another browser': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(10)],
    ...START,
    [12, (it) => it.steal()],
    [20, (it) => it.relaunch()],
    [21, (it) => it.launchAgain()],
    [22, (it) => it.launchByTheOlder()],
    [24, (it) => it.launch()],
    [26, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    // Left in one, gone on with in the next.
    [30, (it) => it.say('heartbeat', { activeMs: 4_000, final: true })],
    [34, (it) => it.relaunch()],
    [35, (it) => it.relaunch()],
    [36, (it) => it.launchByTheOlder()],
    [38, (it) => it.launch()],
    [40, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    [50, (it) => it.say('complete', { activeMs: 10_000 })],
  ],
  'waiting to be launched': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(10)],
    // Its launch JWT is dead for four minutes and a half; a new one gives it seven more.
    [400, (it) => it.look()],
    [405, (it) => it.relaunch()],
    [700, (it) => it.look()],
  ],
  'a pause that both asked for': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(10)],
    ...START,
    [20, (it) => it.say('pause', { activeMs: 12_000 })],
    [25, (it) => it.market('pause')],
    [30, (it) => it.say('resume', { activeMs: 0 })],
    [40, (it) => it.market('resume')],
    [50, (it) => it.say('heartbeat', { activeMs: 10_000 })],
    // The other way round: this is how the app hears of it.
    [60, (it) => it.market('pause')],
    [80, (it) => it.say('pause', { activeMs: 30_000 })],
    [90, (it) => it.market('resume')],
    [100, (it) => it.say('heartbeat', { activeMs: 0 })],
    [110, (it) => it.say('complete', { activeMs: 10_000 })],
  ],
  // Looked at by nobody but the sweeper, first when its minutes could have run out.
  'a pause that nobody comes back to': [
    [0, (it) => it.buy(100)],
    [3, (it) => it.open(3)],
    ...START,
    [20, (it) => it.say('pause', { activeMs: 12_000 })],
  ],
  'beyond the allowance': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(60)],
    ...START,
    ...[133, 258, 383, 508, 633].map(
      (second): Step => [second, (it) => it.say('heartbeat', { activeMs: 0 })],
    ),
    [693, (it) => it.say('heartbeat', { activeMs: 0 })],
    [723, (it) => it.say('complete', { activeMs: 30_000 })],
    // Nor does the next one start afresh, and left to itself it pays for its last lease.
    [730, (it) => it.open(10)],
    [733, (it) => it.launch()],
    [735, (it) => it.say('heartbeat', { activeMs: 2_000 })],
  ],
  'a page that has not heard': [
    [0, (it) => it.buy(400)],
    [3, (it) => it.open(10)],
    ...START,
    [20, (it) => it.relaunch()],
    [22, (it) => it.launch()],
    [24, (it) => it.sayInTheOneBefore('heartbeat')],
    [26, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    [30, (it) => it.relaunch()],
    [32, (it) => it.launch()],
    // It hears, and once more.
    [50, (it) => it.sayInTheOneBefore('pause')],
    [55, (it) => it.sayInTheOneBefore('complete')],
    [60, (it) => it.say('heartbeat', { activeMs: 28_000 })],
    [65, (it) => it.market('pause')],
    [70, (it) => it.market('complete')],
    [85, (it) => it.say('resume', { activeMs: 0 })],
  ],
  'pages that hear of nothing, until the allowance is used up': [
    [0, (it) => it.buy(400)],
    ...[0, 1, 2, 3].flatMap((n): Step[] => [
      [3 + 140 * n, (it) => it.open(10)],
      [6 + 140 * n, (it) => it.launch()],
      [8 + 140 * n, (it) => it.say('heartbeat', { activeMs: 2_000 })],
      [9 + 140 * n, (it) => it.market('complete')],
    ]),
    [570, (it) => it.open(10)],
    [573, (it) => it.launch()],
    [575, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    [577, (it) => it.relaunch()],
    [579, (it) => it.launch()],
    [581, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    // What is shown on counts from now on, with each way to leave a page alone.
    [720, (it) => it.relaunch()],
    [722, (it) => it.launch()],
    [724, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    [726, (it) => it.relaunch()],
    [728, (it) => it.launch()],
    [730, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    [732, (it) => it.market('pause')],
    [742, (it) => it.market('resume')],
    [750, (it) => it.say('heartbeat', { activeMs: 18_000 })],
    [760, (it) => it.market('complete')],
    [770, (it) => it.say('heartbeat', { activeMs: 10_000 })],
  ],
  'a page that says each time that it has heard': [
    [0, (it) => it.buy(400)],
    ...Array.from({ length: 16 }, (_, n) => 140 * n).flatMap((at): Step[] => [
      [3 + at, (it) => it.open(10)],
      [6 + at, (it) => it.launch()],
      [8 + at, (it) => it.say('heartbeat', { activeMs: 2_000 })],
      [9 + at, (it) => it.market('complete')],
      [10 + at, (it) => it.say('heartbeat', { activeMs: 0 })],
    ]),
  ],
  'from one session left alone to the next': [
    [0, (it) => it.buy(400)],
    ...[0, 1, 2, 3, 4, 5].flatMap((n): Step[] => [
      [3 + 140 * n, (it) => it.open(10)],
      [6 + 140 * n, (it) => it.launch()],
      [8 + 140 * n, (it) => it.say('heartbeat', { activeMs: 2_000 })],
    ]),
  ],
  // The job has asked in vain by then.
  'a payment that nobody tells of': [
    [0, (it) => it.order(400)],
    [3_000, (it) => it.payUntold()],
    [3_003, (it) => it.open(5)],
  ],
  'what nobody told of is spent': [
    [0, (it) => it.order(400)],
    [40, (it) => it.payUntold()],
    // Found long since.
    [3_000, (it) => it.open(5)],
  ],
}
