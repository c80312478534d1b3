// Generated from the OpenAPI document by "npm run generate"; a check compares it. Do not edit.
//
// As long as the API has operations, and one file all the same: nobody writes or reads it from top to bottom, an editor goes
// to the one that is named, its types refer to one another, and `Operations` is one interface.

export type Analytics = {
  /** One per hour, day or month, also where nothing happened. */
  rows: {
    /** When the hour, day or month begins in the time zone asked for. */
    start: string
    /** Sessions opened. */
    opened: number
    /** Sessions whose time began. */
    validated: number
    /** Sessions that ended `completed`: by the user or the app, before the time was over. */
    completed: number
    /** Minutes used, of the sessions that ended; to the thousandth. */
    minutes: number
    /** Different people whose sessions began. Rows do not add up: one may come on two days. */
    users: number
    /** What sessions that ended were charged. */
    gross: number
    /** The platform’s part of it. */
    fee: number
    /** The provider’s part: gross − fee. */
    net: number
    /** Of `users`, those who had begun a session with this provider before the row began. The others came for the first time. */
    returningUsers: number
    /** Booked back out of the provider’s earnings by corrections; below zero where more was booked back to the provider. */
    refunded: number
  }[]
  /** Of the whole range; people are counted once. */
  totals: {
    /** Sessions opened. */
    opened: number
    /** Sessions whose time began. */
    validated: number
    /** Sessions that ended `completed`: by the user or the app, before the time was over. */
    completed: number
    /** Minutes used, of the sessions that ended; to the thousandth. */
    minutes: number
    /** Different people whose sessions began. Rows do not add up: one may come on two days. */
    users: number
    /** What sessions that ended were charged. */
    gross: number
    /** The platform’s part of it. */
    fee: number
    /** The provider’s part: gross − fee. */
    net: number
    /** Of `users`, those who had begun a session with this provider before the row began. The others came for the first time. */
    returningUsers: number
    /** Booked back out of the provider’s earnings by corrections; below zero where more was booked back to the provider. */
    refunded: number
  }
  /** Where the first row begins. */
  from: string
  /** Where the last row ends. */
  to: string
  /** How long a row is. */
  interval: 'hour' | 'day' | 'month'
  /** Where rows begin at midnight. */
  timeZone: string
}
export type Balance = {
  /** What can be spent now. */
  available: number
  /** Reserved for sessions that have not ended. */
  held: number
  /** `available` + `held`. */
  total: number
  /** Only where there is one: owed for refunded tokens that had been spent. Blocks new sessions. */
  debt?: number
}
export type BalanceChange = {
  /** A line of the wallet’s history. */
  line: {
    /** Prefixed id, sortable by time. */
    id: string
    /** As in the history. */
    kind: string
    /** What the wallet gained, or lost where below zero. */
    amount: number
    /** The wallet’s total after this line. */
    balanceAfter: number
    /** For people. */
    description: string
    /** When it was booked. */
    createdAt: string
  }
  /** Why the balance changed, step by step, for people. */
  because: string[]
  /** How a session’s charge came to be. */
  session?: SessionReceipt
  /** What a purchase cost and what it did to the wallet. */
  purchase?: PurchaseReceipt
}
export type Earnings = {
  /** Prefixed id, sortable by time. */
  providerId: string
  /** All that was earned and not paid out: the ledger’s balance. */
  balance: number
  /** Of sessions that ended less than 30 days ago. */
  pending: number
  /** Older, and held back: of users whose payment is disputed. */
  disputed: number
  /** In payouts that are not paid yet. */
  setAside: number
  /** What can be paid out now. */
  payable: number
  /** Paid out so far. */
  paidOut: number
  /** How long earnings are pending. */
  payableAfterDays: number
  /** Sessions that ended before this instant are not pending any more; on a quarter of an hour. */
  matureUntil: string
}
export type EarningsStatement = {
  /** Prefixed id, sortable by time. */
  providerId: string
  /** Where it begins. */
  from: string
  /** Where it ends, exclusive. */
  to: string
  /** Where its days begin. */
  timeZone: string
  /** Earned and not paid out before. */
  openingBalance: number
  /** Sessions that ended and were charged. */
  sessions: number
  /** Minutes used, of all that ended. */
  minutes: number
  /** What users were charged. */
  gross: number
  /** The platform’s part. */
  fee: number
  /** The provider’s part. */
  net: number
  /** Booked back out of the provider’s earnings by corrections; below zero where more was booked back to the provider. */
  refunded: number
  /** Paid out in this time. */
  paidOut: number
  /** openingBalance + net − refunded − paidOut. */
  closingBalance: number
  /** Paid in this time, oldest first. */
  payouts: {
    /** Prefixed id, sortable by time. */
    id: string
    /** Prefixed id, sortable by time. */
    providerId: string
    /** `pending`: set aside; `paid`: transferred, and booked in the ledger. */
    status: 'pending' | 'paid' | 'cancelled'
    /** In tokens. */
    amount: number
    /** What it is worth, at the price of a token when it was made. */
    amountCents: number
    /** Of `amountCents`. */
    currency: string
    /** Names the bank transfer; null until paid. */
    reference: string | null
    /** The line in the ledger; null until paid. */
    transferId: string | null
    /** When it was made. */
    createdAt: string
    /** When it was paid or cancelled. */
    settledAt: string | null
  }[]
}
export type Email = {
  /** The account’s address. */
  email: string
  /** Whether a link sent there was opened. Payouts wait for it, and nothing else does. */
  emailVerified: boolean
  /** The address asked for, until its link is opened. */
  pendingEmail: string | null
}
export type Experiments = {
  /** Sessions opened from here on. */
  from: string
  /** Sessions opened before this. */
  to: string
  /** Where days begin. */
  timeZone: string
  /** By experiment and variant. */
  variants: {
    /** As the page named it. */
    experiment: string
    /** What was shown. */
    variant: string
    /** Sessions that were shown it. */
    exposed: number
    /** Those of them that have ended; the rest still runs and is not judged. */
    ended: number
    /** Those that ended `completed`. */
    completed: number
    /** `completed` ÷ `ended`; null while none has ended. */
    completedShare: number | null
    /** Where the share may lie, at the lowest: the Wilson interval at 95 %. */
    completedShareLow: number | null
    /** And at the highest. */
    completedShareHigh: number | null
    /** Minutes used, of those that ended; to the thousandth. */
    minutes: number
    /** What they were charged. */
    gross: number
  }[]
  /** Whether there were more than 200: then those shown most are here. */
  isCut: boolean
}
export type FoundSession = {
  /** A paid, timed session. */
  session: Session
  /** Prefixed id, sortable by time. */
  userId: string
  /** Costs nothing. */
  isTest: boolean
}
export type FoundSessionTimeline = {
  /** Prefixed id, sortable by time. */
  sessionId: string
  /** Prefixed id, sortable by time. */
  providerId: string
  /** The user, as this provider knows them. */
  userRef: string
  /** What it is now. */
  status: 'pending' | 'active' | 'paused' | 'ended'
  /** Why it ended; null until then. */
  endReason: 'completed' | 'expired' | 'abandoned' | 'cancelled' | 'revoked' | null
  /** Time confirmed, which is what is charged. */
  usedMs: number
  /** Time served without a confirmation, which nobody pays for; with what was shown on after the end. */
  unbilledMs: number
  /** Time in pauses that are over. */
  pausedMs: number
  /** The price, as it was when the session was opened. */
  tokensPerMinute: number
  /** What it cost; null until it has ended. */
  tokensCharged: number | null
  /** The last sign of life; null before the first. */
  lastBeatAt: string | null
  /** Whether the user was over the allowance of unbilled time, so that every gap counts. */
  hasShortLease: boolean
  /** How many were accepted and are on record. */
  beats: number
  /** Whether the record adds up to `usedMs` and `unbilledMs`. Beats are kept for 120 days; without them the events and the ledger remain. */
  isComplete: boolean
  /** All marks of the session, whatever part of it is listed. */
  marks: {
    /** `address_changed`, `browser_changed`: since the beat before; `taken_over`: another browser holds the session from here; `page_left`: the page said goodbye; `unbilled`: time was served and does not count; `completed_instantly`: completed after less than ten seconds of use. */
    mark: 'address_changed' | 'browser_changed' | 'taken_over' | 'page_left' | 'unbilled' | 'completed_instantly'
    /** How often. */
    count: number
    /** Of `unbilled`: how much time in all. */
    ms: number | null
  }[]
  /** Oldest first, 1,000 at a time. */
  entries: {
    /** When it happened. */
    at: string
    /** `opened`; an event (`started`, `paused`, `resumed`, `extended`, `completed`, `expired`, `abandoned`, `cancelled`, `revoked`); `beat`; `taken_over` by another browser, `returned` with the same one, `asked_again` where an answer was lost; `shown_on`: until then a page showed the app that had not heard of the end, or of another browser; a line of the ledger (`charge`, `fee`). */
    what: string
    /** Of an event: its number in the session. Of a beat: its own, per browser. */
    sequence: number | null
    /** Time it counted. All of them add up to `usedMs`. */
    countedMs: number | null
    /** Time served before it that does not count. */
    unbilledMs: number | null
    /** Of a beat: what the app saw pass; null where it did not say. */
    activeMs: number | null
    /** Time used until then. Events tell it with what was being served, beats without. */
    usedMs: number | null
    /** What was held then, or what a line of the ledger moved; null where it is neither. */
    tokens: number | null
    /** How many it stands for, where it is not one: of more than 10,000 in a session those of a minute are one entry. */
    times?: number
    /** What is worth a look. */
    marks: ('address_changed' | 'browser_changed' | 'taken_over' | 'page_left' | 'unbilled' | 'completed_instantly')[]
  }[]
  /** `after` of the next thousand; null at the end. */
  nextAfter: number | null
}
export type FoundTransfer = {
  /** Prefixed id, sortable by time. */
  id: string
  /** What moved the tokens. */
  kind: string
  /** Where they came from: a user, a provider, or one of the platform’s own accounts. */
  debitAccountId: string
  /** Where they went. */
  creditAccountId: string
  /** How many. */
  amount: number
  /** The session that was paid for. */
  sessionId: string | null
  /** The purchase it belongs to. */
  purchaseId: string | null
  /** The line it takes back. */
  reversesId: string | null
  /** For people. */
  description: string
  /** When it was booked. */
  createdAt: string
}
export type FoundUser = {
  /** A person with an account. */
  user: {
    /** Prefixed id, sortable by time. */
    id: string
    /** As it was typed at registration. */
    email: string
    /** What others see; null when none was given. */
    displayName: string | null
    /** When the account was made. */
    createdAt: string
  }
  /** What the account may do. */
  roles: ('user' | 'provider' | 'operator')[]
  /** The wallet. */
  balance: {
    /** What can be spent now. */
    available: number
    /** Reserved for sessions that have not ended. */
    held: number
    /** `available` + `held`. */
    total: number
    /** Owed for refunded tokens that had been spent. */
    debt: number
  }
}
export type FrontPage = {
  /** What answers here. */
  name: string
  /** Of the API. */
  version: string
  /** The API reference, to browse. */
  docs: string
  /** The same as an OpenAPI 3.1 document. */
  openapi: string
  /** Every refusal, and what to do about it. */
  errors: string
  /** Pages for providers and operators. */
  dashboard: string
  /** Where people buy tokens and open sessions. */
  marketplace: string
}
export type Funnel = {
  /** Looks and sessions from here on. */
  from: string
  /** Looks and sessions before this. */
  to: string
  /** How long a row is. */
  interval: 'hour' | 'day' | 'month'
  /** Where days begin. */
  timeZone: string
  /** How often the provider’s page was looked at: not one look after another, and no robots. */
  seen: number
  /** Sessions opened; all further figures are some of these. */
  opened: number
  /** Whose launch reached the app. */
  validated: number
  /** Whose app has confirmed use at least once. */
  firstBeat: number
  /** That ended `completed`. */
  completed: number
  /** How those that ended did. */
  ended: {
    /** That ended `completed`. */
    completed: number
    /** That ended `expired`. */
    expired: number
    /** That ended `abandoned`. */
    abandoned: number
    /** That ended `cancelled`. */
    cancelled: number
    /** That ended `revoked`. */
    revoked: number
  }
  /** Where those that broke off did. */
  brokenOff: {
    /** Ended without the launch having reached the app. */
    neverValidated: number
    /** Reached the app, which never confirmed use: closed at once, or its SDK did not run. */
    neverUsed: number
    /** Used, and abandoned or revoked. */
    whileUsed: number
  }
  /** That have not ended yet. */
  running: number
  /** The stages by the hour, day or month of the opening; `seen` by that of the look. */
  rows: {
    /** When the hour, day or month begins in the time zone asked for. */
    start: string
    /** How often the provider’s page was looked at: not one look after another, and no robots. */
    seen: number
    /** Sessions opened; all further figures are some of these. */
    opened: number
    /** Whose launch reached the app. */
    validated: number
    /** Whose app has confirmed use at least once. */
    firstBeat: number
    /** That ended `completed`. */
    completed: number
  }[]
}
export type Limits = {
  /** At most this many for the sessions opened in any 24 hours; null: no such limit. 0 opens nothing that costs. */
  perDayTokens: number | null
  /** For providers by name; each once. */
  perProviderPerDayTokens: {
    /** The provider it is about. */
    providerId: string
    /** At most this many for the sessions opened with that provider in any 24 hours. */
    tokens: number
  }[]
  /** Mail me when fewer than this many are left; null: never. */
  lowBalanceTokens: number | null
  /** What counts now: sessions opened in the last 24 hours, with what they hold or, once ended, cost. */
  usedTokens: number
}
export type PlatformHealth = {
  /** `attention` where one of `concerns` holds. */
  status: 'ok' | 'attention'
  /** What somebody should look at; the runbooks say how. */
  concerns: string[]
  /** Sessions that have not ended. */
  sessions: {
    /** Opened, not validated. */
    pending: number
    /** Running. */
    active: number
    /** Paused. */
    paused: number
  }
  /** Reserved for sessions that have not ended. */
  tokensHeld: number
  /** How long the session due longest waits for the sweeper. */
  settlementLagSeconds: number
  /** The queue. */
  jobs: {
    /** Could run now. */
    due: number
    /** Used up their tries. */
    failed: number
    /** How long the one due longest waits. */
    lagSeconds: number
  }
  /** The proof of the books. */
  ledger: {
    /** When the books were last checked. */
    checkedAt: string | null
    /** When a check last found nothing. */
    cleanAt: string | null
    /** Of the newest check. */
    findings: number | null
  }
  /** What users owe. */
  debts: {
    /** Owed after refunds of what had been spent. */
    tokens: number
    /** Who owe. */
    wallets: number
  }
  /** Events that need a look. */
  stripe: {
    /** Events of the last 24 hours that were refused. */
    refused: number
    /** Events that wait for their payment. */
    unmatched: number
  }
  /** Deliveries to providers. */
  webhooks: {
    /** Deliveries that are not done. */
    backlog: number
    /** How long the one due longest waits, of endpoints that work. */
    lagSeconds: number
  }
  /** Audit entries that wait for their link. */
  auditUnchained: number
  /** When this was read. */
  serverTime: string
}
export type Profile = {
  /** Prefixed id, sortable by time. */
  id: string
  /** As it was typed at registration. */
  email: string
  /** What others see; null when none was given. */
  displayName: string | null
  /** When the account was made. */
  createdAt: string
  /** What the account may do. */
  roles: ('user' | 'provider' | 'operator')[]
}
export type Provider = {
  /** Prefixed id, sortable by time. */
  id: string
  /** Shown in the catalogue; one line, no space at its ends. */
  name: string
  /** Plain text; line breaks are kept. */
  description: string
  /** A free slug. */
  category: string
  /** An image, https only; null for none. */
  iconUrl: string | null
  /** Where a session opens. https; http only for localhost and outside production. */
  launchUrl: string
  /** The price. A change applies to new sessions only. */
  tokensPerMinute: number
  /** Only `listed` ones are seen and can be opened. */
  status: 'draft' | 'in_review' | 'listed' | 'suspended'
}
export type Purchase = {
  /** Prefixed id, sortable by time. */
  id: string
  /** `paid`: the tokens are in the wallet, less what a partial refund took back. `failed`: the checkout ended without payment. `refunded`: all of it was given back. `disputed`: the bank holds or has taken back the money, or a part of it; the same part of the tokens is taken back. An inquiry of the bank leaves it as it is. */
  status: 'pending' | 'paid' | 'failed' | 'refunded' | 'disputed'
  /** Tokens bought. */
  tokens: number
  /** What it costs, in the currency’s smallest unit. */
  amountCents: number
  /** ISO 4217, lower case. */
  currency: string
  /** The tier’s discount, already in the amount. */
  discountPercent: number
  /** When the purchase was begun. */
  createdAt: string
}
export type PurchaseFile = {
  /** A purchase of tokens. */
  purchase: Purchase
  /** Prefixed id, sortable by time. */
  userId: string
  /** Given back so far, as Stripe’s events say. */
  refundedCents: number
  /** Tokens taken back for it. */
  reversedTokens: number
  /** What the bank holds or took back of the price, by disputes that are open or were lost. */
  disputedCents: number
  /** The bank holds or took back the money, or a part of it. */
  isDisputed: boolean
  /** What to look for at Stripe. */
  paymentIntentId: string | null
  /** What Stripe said about it, oldest first. */
  events: {
    /** Stripe’s event. */
    id: string
    /** What happened. */
    type: string
    /** What became of it. */
    outcome: string
    /** Why it was refused. */
    refusedBecause: string | null
    /** When it came. */
    receivedAt: string
  }[]
  /** What operators asked for, oldest first. */
  refunds: {
    /** Prefixed id, sortable by time. */
    id: string
    /** Prefixed id, sortable by time. */
    purchaseId: string
    /** How much, in the purchase’s currency. */
    amountCents: number
    /** `pending`: nobody knows yet whether Stripe took it, ask again; `sent`: Stripe took it, its event books it; `failed`: Stripe refused, or the bank sent the money back, and another one may be asked for. */
    status: 'pending' | 'sent' | 'failed'
    /** As the operator gave it. */
    reason: string
    /** Stripe’s own id. */
    stripeRefundId: string | null
    /** The operator. */
    requestedBy: string
    /** When it was asked for. */
    createdAt: string
  }[]
}
export type PurchaseReceipt = {
  /** Prefixed id, sortable by time. */
  purchaseId: string
  /** Of the purchase. */
  status: string
  /** False: nothing was paid, so this is no proof of it. */
  isPaid: boolean
  /** When it was begun. */
  createdAt: string
  /** When the payment was confirmed. */
  paidAt: string | null
  /** ISO 4217, lower case. */
  currency: string
  /** Bought. */
  tokens: number
  /** One token without discount, on that day; null on purchases older than receipts. */
  tokenPriceCents: number | null
  /** `tokens × tokenPriceCents`. */
  listPriceCents: number | null
  /** Off the list price. */
  discountPercent: number
  /** What the discount took off, rounding to whole cents included. */
  discountCents: number | null
  /** The price. */
  amountCents: number
  /** Given back so far. */
  refundedCents: number
  /** What the bank holds or took back of it. */
  disputedCents: number
  /** Taken back after they had been spent, so owed, also if repaid since. */
  owedTokens: number
  /** What it did to the wallet, oldest first. */
  ledger: {
    /** Prefixed id, sortable by time. */
    id: string
    /** As in the history. */
    kind: string
    /** What the wallet gained, or lost where below zero. */
    amount: number
    /** The wallet’s total after this line. */
    balanceAfter: number
    /** For people. */
    description: string
    /** When it was booked. */
    createdAt: string
  }[]
  /** The price as sentences, in the order in which one leads to the next. */
  lines: {
    /** For people. */
    text: string
    /** Its figure, where it has one. */
    amountCents: number | null
  }[]
}
export type Retention = {
  /** How long a period is. */
  interval: 'week' | 'month'
  /** Where weeks (on Monday) and months begin at midnight. */
  timeZone: string
  /** Sessions that began before this are counted; null while none are. */
  until: string | null
  /** Oldest first. */
  cohorts: {
    /** The first day of the week or month in which they came first. */
    start: string
    /** People whose first session with this provider began in it. */
    users: number
    /** From the cohort’s own period, where all of them came, to the running one. */
    periods: {
      /** The first day of the period. */
      start: string
      /** Those of them who began a session in it. */
      users: number
      /** `users` ÷ the cohort’s; null for a cohort of nobody. */
      share: number | null
    }[]
  }[]
}
export type Session = {
  /** Prefixed id, sortable by time. */
  id: string
  /** Prefixed id, sortable by time. */
  providerId: string
  /** pending: paid for, not yet validated. */
  status: 'pending' | 'active' | 'paused' | 'ended'
  /** Why it ended; null until then. */
  endReason: 'completed' | 'expired' | 'abandoned' | 'cancelled' | 'revoked' | null
  /** The user, as this provider knows them: stable, and different for every provider. */
  userRef: string
  /** What was paid for, extensions included. */
  durationSeconds: number
  /** Time used so far, with what is being served and not confirmed yet; final once ended. */
  usedMs: number
  /** Time left. */
  remainingMs: number
  /** `serverTime` + `remainingMs` while active, else null. */
  endsAt: string | null
  /** Until when the app may serve without a further beat; null when it may not serve. */
  serveUntil: string | null
  /** The last one accepted from this client. */
  sequence: number
  /** The price, as it was when the session was opened. */
  tokensPerMinute: number
  /** Reserved for the session, extensions included. */
  tokensHeld: number
  /** What it cost; null until it has ended. */
  tokensCharged: number | null
  /** How often to beat. */
  heartbeatIntervalSeconds: number
  /** How long before the end to warn. */
  warningSeconds: number
  /** Where the user goes back to; append `&reason=`. */
  returnUrl: string
  /** When it was opened. */
  createdAt: string
  /** When it was first validated. */
  startedAt: string | null
  /** When it was settled. */
  endedAt: string | null
  /** The clock that counts, at this answer. */
  serverTime: string
}
export type SessionReceipt = {
  /** Prefixed id, sortable by time. */
  sessionId: string
  /** Prefixed id, sortable by time. */
  providerId: string
  /** As it is called now. */
  providerName: string
  /** Of the session; final once `ended`. */
  status: string
  /** Why it ended; null until then. */
  endReason: string | null
  /** False while it runs: the charge is what it would be if all is confirmed that was served so far. */
  isFinal: boolean
  /** When the tokens were held. */
  openedAt: string
  /** When time began; null when it never did. */
  startedAt: string | null
  /** When it was settled. */
  endedAt: string | null
  /** Time that counts. */
  usedMs: number
  /** The price, as it was when the session was opened. */
  tokensPerMinute: number
  /** `tokensPerMinute × usedMs ÷ 60000`, before rounding. */
  exactTokens: string
  /** Reserved, extensions included. */
  tokensHeld: number
  /** `exactTokens`, rounded up to whole tokens; 0 for a test. */
  tokensCharged: number
  /** Held and not charged. */
  tokensReleased: number
  /** The wallet’s total after the charge; null where nothing was charged. */
  balanceAfter: number | null
  /** Oldest first, which is also the order they are charged in. */
  holds: {
    /** At the opening, or at an extension. */
    placedAt: string
    /** Reserved. */
    tokens: number
    /** Taken of it. */
    charged: number
    /** Given back of it. */
    released: number
  }[]
  /** Where the time comes from, oldest first. Pauses and resumptions beyond the first 1,000 events are only in the session’s timeline. */
  timeline: {
    /** When it happened. */
    at: string
    /** As providers’ webhooks name it. */
    event: string
    /** Time used until then. An extension tells it with what was being served, which may count less. */
    usedMs: number
  }[]
  /** The beats behind `usedMs`, oldest first; each single one is in the session’s timeline; of more than 10,000 those of a minute are added up. Adds up to `usedMs` with `unconfirmedMs`. */
  time: {
    /** When the first of it was counted. */
    from: string
    /** When the last of it was counted. */
    to: string
    /** `beats` that followed one another, or what else counts time. */
    what: 'beats' | 'pause' | 'another browser' | 'back again' | 'asked again' | 'end'
    /** How many. */
    beats: number
    /** What they counted. */
    countedMs: number
    /** What was served besides and is not charged. */
    unbilledMs: number
  }[]
  /** Whether `time` adds up: beats are kept for 120 days. */
  isTimeComplete: boolean
  /** Served since the last beat, while it runs. */
  unconfirmedMs: number
  /** The same as sentences, in the order in which one leads to the next. */
  lines: {
    /** For people. */
    text: string
    /** Its figure, where it has one. */
    tokens: number | null
  }[]
}
export type Theme = {
  /** The main button; null for what the page has. */
  accent: string | null
  /** The ground of the dialog; null for what the page has. */
  background: string | null
  /** The text; null for what the page has. */
  color: string | null
  /** Its corners. */
  radiusPx: number
}
export type WebhookDelivery = {
  /** Prefixed id, sortable by time. */
  id: string
  /** Sent as `webhook-id`; the same for every attempt and replay, so that receivers see repetitions. */
  eventId: string
  /** The event. */
  type: string
  /** `pending`: under way or waiting for its next attempt; `failed`: all attempts were made. */
  status: 'pending' | 'delivered' | 'failed'
  /** How many attempts were made, replays included. */
  attemptCount: number
  /** The latest 20, newest first. */
  attempts: {
    /** Counts the attempts of this delivery. */
    number: number
    /** When it began. */
    at: string
    /** What was answered; null for no answer. */
    httpStatus: number | null
    /** How long it took. */
    latencyMs: number
    /** Why there was no answer. */
    error: string | null
    /** The first kilobyte of the answer. */
    answer: string | null
  }[]
  /** When it is tried next; null when it is settled. */
  nextAttemptAt: string | null
  /** The body that is sent. */
  payload: {
    /** The event. */
    type: string
    /** When it happened. */
    timestamp: string
    /** `test`: of a test session, or a test event. Book nothing for it. */
    mode: 'live' | 'test'
    /** Per session or provider: the snapshot with the highest one is the newest. */
    sequence: number
    /** The subject after the event. */
    data: Record<string, unknown>
  }
  /** When the event happened. */
  createdAt: string
  /** When it was first answered with 2xx; null until then. */
  deliveredAt: string | null
}
export type WebhookEndpoint = {
  /** Prefixed id, sortable by time. */
  id: string
  /** Where events are sent by POST. https (http, too, outside production), a public address, port 80 or 443, no credentials. Redirects are not followed. */
  url: string
  /** What it is told. */
  events: ('*' | 'session.started' | 'session.paused' | 'session.resumed' | 'session.extended' | 'session.completed' | 'session.expired' | 'session.abandoned' | 'session.cancelled' | 'session.revoked' | 'earnings.posted' | 'provider.approved' | 'provider.suspended' | 'provider.price_changed')[]
  /** A disabled one is sent nothing; what was under way to it waits. Disabled by us after 5 days without a success, or when it answers 410. */
  status: 'enabled' | 'disabled'
  /** `owner`: by PATCH; `gone`: it answered 410; `failing`: 5 days without a success. */
  disabledBecause: 'owner' | 'gone' | 'failing' | null
  /** Since when every attempt failed; null after a success. */
  failingSince: string | null
  /** Verifies `v1a` signatures: `whpk_` and 32 bytes in base64. Null without ed25519. */
  publicKey: string | null
  /** Until when the secret before signs, too; null when none does. */
  previousSecretExpiresAt: string | null
  /** When it was made. */
  createdAt: string
  /** When it was last changed. */
  updatedAt: string
}

/** What any call may be refused with. */
export type CommonProblem = 'validation_failed' | 'malformed_json' | 'unauthenticated' | 'payload_too_large' | 'unsupported_media_type' | 'idempotency_key_invalid' | 'idempotency_key_reused' | 'idempotency_in_progress' | 'rate_limited' | 'internal_error' | 'unavailable'

export interface Operations {
  /** Join a team. `POST /invitations/accept` */
  acceptInvitation: {
    path: undefined
    query: undefined
    body: {
      /** From the link in the mail, behind `token=`. */
      token: string
    }
    answer: {
      /** The provider. */
      providerId: string
      /** Somebody on a provider’s team. */
      member: {
        /** Prefixed id, sortable by time. */
        userId: string
        /** The account’s address. */
        email: string
        /** Whether the address is confirmed; payouts wait for that of the primary owner. */
        emailVerified: boolean
        /** As they call themselves. */
        displayName: string | null
        /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
        role: 'viewer' | 'developer' | 'owner'
        /** The one owner whom payouts go to. Cannot be removed; may transfer the provider. */
        isPrimary: boolean
        /** API keys they made that still work. A key belongs to the provider: it stays when they go. */
        workingKeys: number
        /** Since when. */
        joinedAt: string
      }
    }
    problems: 'invitation_for_other_address' | 'link_invalid'
  }
  /** Let a change of a listed provider stand. `POST /operators/providers/{id}/changes/approve` */
  approveListingChange: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** The provider’s, as the list said it: what was changed after that is not decided by this. */
      updatedAt: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'listing_change_gone' | 'not_found' | 'provider_not_found'
  }
  /** List a provider. `POST /providers/{id}/approve` */
  approveProvider: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: {
      /** The provider’s, as it was looked at: what was changed since then is not listed by this. */
      updatedAt?: string | undefined
    }
    body: undefined
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'listing_change_gone' | 'not_found' | 'provider_not_found'
  }
  /** Let go of what was set aside. `POST /providers/{id}/payouts/{payoutId}/cancel` */
  cancelPayout: {
    path: {
      /** The provider. */
      id: string
      /** The payout. */
      payoutId: string
    }
    query: undefined
    body: undefined
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Prefixed id, sortable by time. */
      providerId: string
      /** `pending`: set aside; `paid`: transferred, and booked in the ledger. */
      status: 'pending' | 'paid' | 'cancelled'
      /** In tokens. */
      amount: number
      /** What it is worth, at the price of a token when it was made. */
      amountCents: number
      /** Of `amountCents`. */
      currency: string
      /** Names the bank transfer; null until paid. */
      reference: string | null
      /** The line in the ledger; null until paid. */
      transferId: string | null
      /** When it was made. */
      createdAt: string
      /** When it was paid or cancelled. */
      settledAt: string | null
    }
    problems: 'not_found' | 'payout_not_found' | 'payout_status_invalid' | 'provider_not_found'
  }
  /** Ask for another e-mail address. `POST /auth/email` */
  changeEmail: {
    path: undefined
    query: undefined
    body: {
      /** The account’s password, so that a stolen access token alone cannot do this. */
      currentPassword: string
      /** Kept as typed, compared without regard to case, width or composition; international addresses are welcome. */
      newEmail: string
    }
    answer: Email
    problems: 'email_taken' | 'password_wrong'
  }
  /** Set the caller’s spending limits. `PUT /tokens/limits` */
  changeLimits: {
    path: undefined
    query: undefined
    body: {
      /** At most this many for the sessions opened in any 24 hours; null: no such limit. 0 opens nothing that costs. */
      perDayTokens: number | null
      /** For providers by name; each once. */
      perProviderPerDayTokens: {
        /** The provider it is about. */
        providerId: string
        /** At most this many for the sessions opened with that provider in any 24 hours. */
        tokens: number
      }[]
      /** Mail me when fewer than this many are left; null: never. */
      lowBalanceTokens: number | null
    }
    answer: Limits
    problems: 'provider_not_found'
  }
  /** Give a member another role. `PATCH /providers/{id}/members/{userId}` */
  changeMember: {
    path: {
      /** The provider. */
      id: string
      /** The member. */
      userId: string
    }
    query: undefined
    body: {
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
    }
    answer: {
      /** Prefixed id, sortable by time. */
      userId: string
      /** The account’s address. */
      email: string
      /** Whether the address is confirmed; payouts wait for that of the primary owner. */
      emailVerified: boolean
      /** As they call themselves. */
      displayName: string | null
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
      /** The one owner whom payouts go to. Cannot be removed; may transfer the provider. */
      isPrimary: boolean
      /** API keys they made that still work. A key belongs to the provider: it stays when they go. */
      workingKeys: number
      /** Since when. */
      joinedAt: string
    }
    problems: 'forbidden' | 'member_not_found' | 'primary_owner_stays' | 'provider_not_found'
  }
  /** Change the password. `POST /auth/password` */
  changePassword: {
    path: undefined
    query: undefined
    body: {
      /** The account’s password, so that a stolen access token alone cannot do this. */
      currentPassword: string
      /** Any characters of any script, counted as characters; no rule of composition. */
      newPassword: string
      /** The newest one of the sign-in to keep; without it this one ends as well. */
      refreshToken?: string
    }
    answer: undefined
    problems: 'password_wrong'
  }
  /** Change the caller’s account. `PATCH /auth/profile` */
  changeProfile: {
    path: undefined
    query: undefined
    body: {
      /** What others see, without control characters. */
      displayName?: string | null
    }
    answer: Profile
    problems: never
  }
  /** Change a provider, or ask for its listing. `PATCH /providers/{id}` */
  changeProvider: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: {
      /** Shown in the catalogue; one line, no space at its ends. */
      name?: string
      /** Plain text; line breaks are kept. */
      description?: string
      /** A free slug. */
      category?: string
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl?: string
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins?: string[]
      /** The price. A change applies to new sessions only. */
      tokensPerMinute?: number
      /** An image, https only; null for none. */
      iconUrl?: string | null
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment?: boolean
      /** `in_review` asks for listing, `draft` takes that back. */
      status?: 'in_review' | 'draft'
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'forbidden' | 'provider_not_found' | 'provider_status_invalid'
  }
  /** Change how the SDK’s dialog looks in this app. `PUT /providers/{id}/theme` */
  changeTheme: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: Theme
    answer: Theme
    problems: 'forbidden' | 'provider_not_found'
  }
  /** Change a webhook endpoint, disable or enable it. `PATCH /providers/{id}/webhook-endpoints/{endpointId}` */
  changeWebhookEndpoint: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: undefined
    body: {
      /** Where events are sent by POST. https (http, too, outside production), a public address, port 80 or 443, no credentials. Redirects are not followed. */
      url?: string
      /** What it is told. */
      events?: ('*' | 'session.started' | 'session.paused' | 'session.resumed' | 'session.extended' | 'session.completed' | 'session.expired' | 'session.abandoned' | 'session.cancelled' | 'session.revoked' | 'earnings.posted' | 'provider.approved' | 'provider.suspended' | 'provider.price_changed')[]
      /** A disabled one is sent nothing; what was under way to it waits. Disabled by us after 5 days without a success, or when it answers 410. */
      status?: 'enabled' | 'disabled'
      /** Sign with ed25519 (`v1a`), too: whoever verifies with `publicKey` cannot forge. HMAC (`v1`) is always there. */
      asymmetric?: boolean
    }
    answer: WebhookEndpoint
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_not_found'
  }
  /** End the session and charge the time used. `POST /api/v1/sessions/{id}/complete` */
  completeSession: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: {
      /** Names the browser that holds the session: random, made by the SDK, the same for all its tabs. */
      clientId?: string
      /** Rises with every call of this client. One that is not above the last accepted changes nothing. */
      sequence?: number
      /** Milliseconds the SDK saw pass since its last acknowledged beat; sleep left out. */
      activeMs?: number
      /** For the log: why the app ended it. */
      reason?: string
    }
    answer: {
      /** A paid, timed session. */
      session: Session
      /** Where the user goes back to. */
      returnUrl: string
    }
    problems: 'origin_not_allowed' | 'session_not_found' | 'session_superseded'
  }
  /** Invite somebody to the team. `POST /providers/{id}/invitations` */
  createInvitation: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** Kept as typed, compared without regard to case, width or composition; international addresses are welcome. */
      email: string
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** As it was typed. */
      email: string
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
      /** Whether its link is too old; send it again. */
      isExpired: boolean
      /** When it was made. */
      createdAt: string
      /** Until when its link works: 7 days after it was last asked for. */
      expiresAt: string
      /** When a message last left; null until the first one has. */
      lastSentAt: string | null
    }
    problems: 'already_invited' | 'already_member' | 'forbidden' | 'limit_reached' | 'provider_not_found'
  }
  /** Set an amount aside to be paid out. `POST /providers/{id}/payouts` */
  createPayout: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** In tokens. */
      amount?: number
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Prefixed id, sortable by time. */
      providerId: string
      /** `pending`: set aside; `paid`: transferred, and booked in the ledger. */
      status: 'pending' | 'paid' | 'cancelled'
      /** In tokens. */
      amount: number
      /** What it is worth, at the price of a token when it was made. */
      amountCents: number
      /** Of `amountCents`. */
      currency: string
      /** Names the bank transfer; null until paid. */
      reference: string | null
      /** The line in the ledger; null until paid. */
      transferId: string | null
      /** When it was made. */
      createdAt: string
      /** When it was paid or cancelled. */
      settledAt: string | null
    }
    problems: 'email_not_verified' | 'not_found' | 'payout_exceeds_payable' | 'provider_not_found'
  }
  /** Register a provider. `POST /providers` */
  createProvider: {
    path: undefined
    query: undefined
    body: {
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** An image, https only; null for none. */
      iconUrl?: string | null
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment?: boolean
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'limit_reached'
  }
  /** Begin to buy tokens. `POST /tokens/purchase` */
  createPurchase: {
    path: undefined
    query: undefined
    body: {
      /** How many. */
      tokens?: number
      /** Or a package instead. */
      packageId?: string
    }
    answer: {
      /** A purchase of tokens. */
      purchase: Purchase
      /** Where to pay. */
      checkoutUrl: string
    }
    problems: 'amount_not_payable' | 'package_not_found' | 'payment_unavailable'
  }
  /** Reserve the price and open a session with a provider. `POST /sessions` */
  createSession: {
    path: undefined
    query: undefined
    body: {
      /** Whose app to open. */
      providerId: string
      /** How long at most. */
      durationMinutes: number
      /** The price that the user was shown. Where the app costs more by now nothing is opened: `price_changed`. */
      maxTokensPerMinute?: number
    }
    answer: {
      /** A paid, timed session. */
      session: Session
      /** Opens the app, once, within 120 s. Keep it out of logs. */
      launchJwt: string
      /** Where to send the user: the app with the launch JWT in it. */
      launchUrl: string
      /** Until when the launch JWT can be spent. */
      launchExpiresAt: string
    }
    problems: 'insufficient_tokens' | 'price_changed' | 'provider_not_found' | 'spending_limit_reached'
  }
  /** Open a session that costs nothing. `POST /providers/{id}/test-sessions` */
  createTestSession: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** How long at most; 15 when not said. */
      durationMinutes?: number
    }
    answer: {
      /** A paid, timed session. */
      session: Session
      /** Opens the app, once, within 120 s. Keep it out of logs. */
      launchJwt: string
      /** Where to send the user: the app with the launch JWT in it. */
      launchUrl: string
      /** Until when the launch JWT can be spent. */
      launchExpiresAt: string
    }
    problems: 'forbidden' | 'provider_not_found' | 'provider_status_invalid'
  }
  /** Make an account and sign in. `POST /auth/register` */
  createUser: {
    path: undefined
    query: undefined
    body: {
      /** Kept as typed, compared without regard to case, width or composition; international addresses are welcome. */
      email: string
      /** Any characters of any script, counted as characters; no rule of composition. */
      password: string
      /** What others see, without control characters. */
      displayName?: string
    }
    answer: {
      /** A person with an account. */
      user: {
        /** Prefixed id, sortable by time. */
        id: string
        /** As it was typed at registration. */
        email: string
        /** What others see; null when none was given. */
        displayName: string | null
        /** When the account was made. */
        createdAt: string
      }
      /** A JWT for `Authorization: Bearer …`. It stays good until it expires, also after a logout; a reset of the password and an operator end it at once. */
      accessToken: string
      /** Opaque; trades for the next pair once, within 30 days. Refresh one at a time. */
      refreshToken: string
      /** How to send it. */
      tokenType: 'Bearer'
      /** Life of the access token. */
      expiresInSeconds: number
    }
    problems: 'email_taken'
  }
  /** Be told what happens. `POST /providers/{id}/webhook-endpoints` */
  createWebhookEndpoint: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** Where events are sent by POST. https (http, too, outside production), a public address, port 80 or 443, no credentials. Redirects are not followed. */
      url: string
      /** What it is told. */
      events: ('*' | 'session.started' | 'session.paused' | 'session.resumed' | 'session.extended' | 'session.completed' | 'session.expired' | 'session.abandoned' | 'session.cancelled' | 'session.revoked' | 'earnings.posted' | 'provider.approved' | 'provider.suspended' | 'provider.price_changed')[]
      /** Sign with ed25519 (`v1a`), too: whoever verifies with `publicKey` cannot forge. HMAC (`v1`) is always there. */
      asymmetric?: boolean
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Where events are sent by POST. https (http, too, outside production), a public address, port 80 or 443, no credentials. Redirects are not followed. */
      url: string
      /** What it is told. */
      events: ('*' | 'session.started' | 'session.paused' | 'session.resumed' | 'session.extended' | 'session.completed' | 'session.expired' | 'session.abandoned' | 'session.cancelled' | 'session.revoked' | 'earnings.posted' | 'provider.approved' | 'provider.suspended' | 'provider.price_changed')[]
      /** A disabled one is sent nothing; what was under way to it waits. Disabled by us after 5 days without a success, or when it answers 410. */
      status: 'enabled' | 'disabled'
      /** `owner`: by PATCH; `gone`: it answered 410; `failing`: 5 days without a success. */
      disabledBecause: 'owner' | 'gone' | 'failing' | null
      /** Since when every attempt failed; null after a success. */
      failingSince: string | null
      /** Verifies `v1a` signatures: `whpk_` and 32 bytes in base64. Null without ed25519. */
      publicKey: string | null
      /** Until when the secret before signs, too; null when none does. */
      previousSecretExpiresAt: string | null
      /** When it was made. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
      /** Verifies `v1` signatures. Shown this once; stored sealed. */
      secret: string
    }
    problems: 'forbidden' | 'limit_reached' | 'provider_not_found'
  }
  /** Delete the caller’s account. `POST /auth/account/delete` */
  deleteAccount: {
    path: undefined
    query: undefined
    body: {
      /** The account’s password, so that a stolen access token alone cannot do this. */
      currentPassword: string
      /** How many tokens are given up: exactly those that are left. 0 when not said. */
      forfeitTokens?: number
    }
    answer: undefined
    problems: 'account_in_use' | 'password_wrong'
  }
  /** End all sign-ins of a person. `POST /operators/users/{id}/sign-out` */
  endSignIns: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: {
      /** For the audit log. */
      reason: string
    }
    answer: {
      /** Sign-ins that were alive. */
      endedCount: number
    }
    problems: 'not_found'
  }
  /** More minutes for a session that has not ended. `POST /sessions/{id}/extend` */
  extendSession: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: {
      /** How many more. */
      minutes: number
    }
    answer: {
      /** A paid, timed session. */
      session: Session
    }
    problems: 'insufficient_tokens' | 'session_ended' | 'session_not_found' | 'session_too_long' | 'spending_limit_reached'
  }
  /** What a mailed link invites to. `POST /invitations/find` */
  findInvitation: {
    path: undefined
    query: undefined
    body: {
      /** From the link in the mail, behind `token=`. */
      token: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      providerId: string
      /** Of which app. */
      providerName: string
      /** As it was typed. */
      email: string
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
      /** Until when the link works. */
      expiresAt: string
    }
    problems: 'link_invalid'
  }
  /** Sessions, minutes, people and tokens, per hour, day or month. `GET /providers/{id}/analytics` */
  getAnalytics: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** From when on: an instant, or a day. Widened to the hour, day or month it lies in. */
      from?: unknown | undefined
      /** Up to when: an instant (exclusive), or a day (inclusive). Widened likewise. Now when not said. */
      to?: unknown | undefined
      /** A place of the IANA time zone database, or UTC, which it is when not said. No abbreviation: `Europe/Paris`, not `CET`. */
      timeZone?: string | undefined
      /** How long a row is; a day when not said. Ranges: hour up to 31 days, day up to 366 days, month up to 1830 days. */
      interval?: 'hour' | 'day' | 'month' | undefined
    }
    body: undefined
    answer: Analytics
    problems: 'forbidden' | 'provider_not_found'
  }
  /** What the caller has. `GET /tokens/balance` */
  getBalance: {
    path: undefined
    query: undefined
    body: undefined
    answer: Balance
    problems: never
  }
  /** Why did my balance change. `GET /tokens/history/{id}` */
  getBalanceChange: {
    path: {
      /** The line. */
      id: string
    }
    query: undefined
    body: undefined
    answer: BalanceChange
    problems: 'history_line_not_found'
  }
  /** What was earned, and what of it can be paid out. `GET /providers/{id}/earnings` */
  getEarnings: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: undefined
    answer: Earnings
    problems: 'forbidden' | 'provider_not_found'
  }
  /** What a provider has earned. `GET /operators/providers/{id}/earnings` */
  getEarningsAsOperator: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: undefined
    answer: Earnings
    problems: 'not_found' | 'provider_not_found'
  }
  /** What came in and went out in a period. `GET /providers/{id}/earnings/statement` */
  getEarningsStatement: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** From when on: an instant, or a day. Widened to the hour, day or month it lies in. */
      from?: unknown | undefined
      /** Up to when: an instant (exclusive), or a day (inclusive). Widened likewise. Now when not said. */
      to?: unknown | undefined
      /** A place of the IANA time zone database, or UTC, which it is when not said. No abbreviation: `Europe/Paris`, not `CET`. */
      timeZone?: string | undefined
    }
    body: undefined
    answer: EarningsStatement
    problems: 'forbidden' | 'provider_not_found'
  }
  /** The caller’s e-mail address. `GET /auth/email` */
  getEmail: {
    path: undefined
    query: undefined
    body: undefined
    answer: Email
    problems: never
  }
  /** What sessions were shown, against how they ended. `GET /providers/{id}/analytics/experiments` */
  getExperiments: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** From when on: an instant, or a day. Widened to the hour, day or month it lies in. */
      from?: unknown | undefined
      /** Up to when: an instant (exclusive), or a day (inclusive). Widened likewise. Now when not said. */
      to?: unknown | undefined
      /** A place of the IANA time zone database, or UTC, which it is when not said. No abbreviation: `Europe/Paris`, not `CET`. */
      timeZone?: string | undefined
    }
    body: undefined
    answer: Experiments
    problems: 'forbidden' | 'provider_not_found'
  }
  /** One session. `GET /operators/sessions/{id}` */
  getFoundSession: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: undefined
    answer: FoundSession
    problems: 'not_found' | 'session_not_found'
  }
  /** What happened in a session, beat by beat. `GET /operators/sessions/{id}/timeline` */
  getFoundSessionTimeline: {
    path: {
      /** The session. */
      id: string
    }
    query: {
      /** How many entries to pass over: `nextAfter` of the answer before. */
      after?: number | undefined
    }
    body: undefined
    answer: FoundSessionTimeline
    problems: 'not_found' | 'session_not_found'
  }
  /** One ledger line. `GET /operators/transfers/{id}` */
  getFoundTransfer: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: undefined
    answer: FoundTransfer
    problems: 'not_found'
  }
  /** One person. `GET /operators/users/{id}` */
  getFoundUser: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: undefined
    answer: FoundUser
    problems: 'not_found'
  }
  /** What answers here, and where to go on. `GET /` */
  getFrontPage: {
    path: undefined
    query: undefined
    body: undefined
    answer: FrontPage
    problems: never
  }
  /** How far people came, from seeing the listing to completing a session. `GET /providers/{id}/analytics/funnel` */
  getFunnel: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** From when on: an instant, or a day. Widened to the hour, day or month it lies in. */
      from?: unknown | undefined
      /** Up to when: an instant (exclusive), or a day (inclusive). Widened likewise. Now when not said. */
      to?: unknown | undefined
      /** A place of the IANA time zone database, or UTC, which it is when not said. No abbreviation: `Europe/Paris`, not `CET`. */
      timeZone?: string | undefined
      /** How long a row is; a day when not said. Ranges: hour up to 31 days, day up to 366 days, month up to 1830 days. */
      interval?: 'hour' | 'day' | 'month' | undefined
    }
    body: undefined
    answer: Funnel
    problems: 'forbidden' | 'provider_not_found'
  }
  /** The caller’s spending limits. `GET /tokens/limits` */
  getLimits: {
    path: undefined
    query: undefined
    body: undefined
    answer: Limits
    problems: never
  }
  /** What happened in a session, beat by beat. `GET /sessions/{id}/timeline` */
  getOwnSessionTimeline: {
    path: {
      /** The session. */
      id: string
    }
    query: {
      /** How many entries to pass over: `nextAfter` of the answer before. */
      after?: number | undefined
    }
    body: undefined
    answer: FoundSessionTimeline
    problems: 'session_not_found'
  }
  /** How the platform stands. `GET /operators/health` */
  getPlatformHealth: {
    path: undefined
    query: undefined
    body: undefined
    answer: PlatformHealth
    problems: 'not_found'
  }
  /** The caller’s account. `GET /auth/profile` */
  getProfile: {
    path: undefined
    query: undefined
    body: undefined
    answer: Profile
    problems: never
  }
  /** One listed provider. `GET /providers/{id}` */
  getProvider: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: undefined
    answer: Provider
    problems: 'provider_not_found'
  }
  /** One purchase. `GET /tokens/purchases/{id}` */
  getPurchase: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: undefined
    answer: Purchase
    problems: 'purchase_not_found'
  }
  /** One purchase, with what Stripe said and what was given back. `GET /operators/purchases/{id}` */
  getPurchaseFile: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: undefined
    answer: PurchaseFile
    problems: 'not_found' | 'purchase_not_found'
  }
  /** What a purchase cost and did. `GET /tokens/purchases/{id}/receipt` */
  getPurchaseReceipt: {
    path: {
      /** The purchase. */
      id: string
    }
    query: undefined
    body: undefined
    answer: PurchaseReceipt
    problems: 'purchase_not_found'
  }
  /** Who came back, by when they came first. `GET /providers/{id}/analytics/retention` */
  getRetention: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** How long a period is; a week when not said. */
      interval?: 'week' | 'month' | undefined
      /** How many, the running one included; 12 when not said. */
      periods?: number | undefined
      /** A place of the IANA time zone database, or UTC, which it is when not said. No abbreviation: `Europe/Paris`, not `CET`. */
      timeZone?: string | undefined
    }
    body: undefined
    answer: Retention
    problems: 'forbidden' | 'provider_not_found'
  }
  /** One of your sessions. `GET /sessions/{id}` */
  getSession: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: undefined
    answer: Session
    problems: 'session_not_found'
  }
  /** How a session’s charge came to be. `GET /sessions/{id}/receipt` */
  getSessionReceipt: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: undefined
    answer: SessionReceipt
    problems: 'session_not_found'
  }
  /** What happened in a session, beat by beat. `GET /providers/{id}/sessions/{sessionId}/timeline` */
  getSessionTimeline: {
    path: {
      /** The provider. */
      id: string
      /** The session. */
      sessionId: string
    }
    query: {
      /** How many entries to pass over: `nextAfter` of the answer before. */
      after?: number | undefined
    }
    body: undefined
    answer: FoundSessionTimeline
    problems: 'forbidden' | 'provider_not_found' | 'session_not_found'
  }
  /** How the SDK’s dialog looks in this app. `GET /providers/{id}/theme` */
  getTheme: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: undefined
    answer: Theme
    problems: 'forbidden' | 'provider_not_found'
  }
  /** One delivery. `GET /providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}` */
  getWebhookDelivery: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
      /** The delivery. */
      deliveryId: string
    }
    query: undefined
    body: undefined
    answer: WebhookDelivery
    problems: 'forbidden' | 'provider_not_found' | 'webhook_delivery_not_found' | 'webhook_endpoint_not_found'
  }
  /** One webhook endpoint. `GET /providers/{id}/webhook-endpoints/{endpointId}` */
  getWebhookEndpoint: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: undefined
    body: undefined
    answer: WebhookEndpoint
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_not_found'
  }
  /** Make an API key. `POST /providers/{id}/api-keys` */
  issueApiKey: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** For its owner to tell keys apart. */
      name: string
      /** What the key may do, and nothing else. */
      scopes: ('sessions:read' | 'sessions:write' | 'providers:write' | 'analytics:read' | 'webhooks:write' | 'keys:write')[]
      /** `test` keys know test sessions only, which cost nothing; `live` keys know only the others. */
      mode: 'live' | 'test'
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** For its owner to tell keys apart. */
      name: string
      /** What the key may do, and nothing else. */
      scopes: ('sessions:read' | 'sessions:write' | 'providers:write' | 'analytics:read' | 'webhooks:write' | 'keys:write')[]
      /** `test` keys know test sessions only, which cost nothing; `live` keys know only the others. */
      mode: 'live' | 'test'
      /** Shown this once; only its hash is stored. */
      secret: string
    }
    problems: 'forbidden' | 'limit_reached' | 'provider_not_found'
  }
  /** Payouts of all providers. `GET /operators/payouts` */
  listAllPayouts: {
    path: undefined
    query: {
      /** Only those. */
      status?: 'pending' | 'paid' | 'cancelled' | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** Prefixed id, sortable by time. */
        providerId: string
        /** `pending`: set aside; `paid`: transferred, and booked in the ledger. */
        status: 'pending' | 'paid' | 'cancelled'
        /** In tokens. */
        amount: number
        /** What it is worth, at the price of a token when it was made. */
        amountCents: number
        /** Of `amountCents`. */
        currency: string
        /** Names the bank transfer; null until paid. */
        reference: string | null
        /** The line in the ledger; null until paid. */
        transferId: string | null
        /** When it was made. */
        createdAt: string
        /** When it was paid or cancelled. */
        settledAt: string | null
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** A provider’s API keys. `GET /providers/{id}/api-keys` */
  listApiKeys: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** For its owner to tell keys apart. */
        name: string
        /** What the key may do, and nothing else. */
        scopes: ('sessions:read' | 'sessions:write' | 'providers:write' | 'analytics:read' | 'webhooks:write' | 'keys:write')[]
        /** `test` keys know test sessions only, which cost nothing; `live` keys know only the others. */
        mode: 'live' | 'test'
        /** The last four characters of the secret. */
        secretEnding: string
        /** When it was made. */
        createdAt: string
        /** When it was last used, to the minute; null for never. */
        lastUsedAt: string | null
        /** When its overlap after a rotation ends; null for never. */
        expiresAt: string | null
        /** When it was revoked; null while it is not. */
        revokedAt: string | null
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden' | 'provider_not_found'
  }
  /** Read the audit log. `GET /operators/audit` */
  listAudit: {
    path: undefined
    query: {
      /** Who did it. */
      actorId?: string | undefined
      /** What it was done to. */
      subjectId?: string | undefined
      /** What was done. */
      action?: string | undefined
      /** From this instant on. */
      from?: string | undefined
      /** Before this instant. */
      to?: string | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** In which role; `system` is a command run by hand. */
        actorKind: 'operator' | 'owner' | 'key' | 'system'
        /** The user, the API key or the command. */
        actorId: string
        /** What was done, as noun.verb. */
        action: string
        /** What it was done to; null for a search. */
        subjectId: string | null
        /** Of what changed, what it was. */
        before: Record<string, unknown> | null
        /** Of what changed, what it is. */
        after: Record<string, unknown> | null
        /** As the actor gave it. */
        reason: string | null
        /** The `X-Request-Id` of the call. */
        requestId: string | null
        /** The network address it came from. */
        address: string | null
        /** When it was done. */
        createdAt: string
        /** Its place in the chain; null for the moment until it is chained. */
        sequence: number | null
        /** Its link’s hash, hex. */
        hash: string | null
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** Search purchases by person and status. `GET /operators/purchases` */
  listFoundPurchases: {
    path: undefined
    query: {
      /** Prefixed id, sortable by time. */
      userId?: string | undefined
      /** Only those. */
      status?: 'pending' | 'paid' | 'failed' | 'refunded' | 'disputed' | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** A purchase of tokens. */
        purchase: Purchase
        /** Prefixed id, sortable by time. */
        userId: string
        /** Given back so far, as Stripe’s events say. */
        refundedCents: number
        /** Tokens taken back for it. */
        reversedTokens: number
        /** What the bank holds or took back of the price, by disputes that are open or were lost. */
        disputedCents: number
        /** The bank holds or took back the money, or a part of it. */
        isDisputed: boolean
        /** What to look for at Stripe. */
        paymentIntentId: string | null
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** Search sessions by person, provider and status. `GET /operators/sessions` */
  listFoundSessions: {
    path: undefined
    query: {
      /** Prefixed id, sortable by time. */
      userId?: string | undefined
      /** Prefixed id, sortable by time. */
      providerId?: string | undefined
      /** Only those. */
      status?: 'pending' | 'active' | 'paused' | 'ended' | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: FoundSession[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** Search ledger lines by account, session and purchase. `GET /operators/transfers` */
  listFoundTransfers: {
    path: undefined
    query: {
      /** A user, `debt:` and a user, a provider, or one of the platform’s own accounts. */
      accountId?: string | undefined
      /** Prefixed id, sortable by time. */
      sessionId?: string | undefined
      /** Prefixed id, sortable by time. */
      purchaseId?: string | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: FoundTransfer[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** Search people by address or id. `GET /operators/users` */
  listFoundUsers: {
    path: undefined
    query: {
      /** The whole address, in any case. */
      email?: string | undefined
      /** Prefixed id, sortable by time. */
      id?: string | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: FoundUser[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** The statement of the caller’s wallet. `GET /tokens/history` */
  listHistory: {
    path: undefined
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** purchase, charge, refund, refund_failed, dispute, dispute_won, debt_repaid, promotion or correction. */
        kind: string
        /** What the wallet gained, or lost where below zero. */
        amount: number
        /** The wallet’s total after this line. */
        balanceAfter: number
        /** The session that was paid for. */
        sessionId?: string
        /** The purchase it belongs to. */
        purchaseId?: string
        /** For people. */
        description: string
        /** When it was booked. */
        createdAt: string
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: never
  }
  /** Invitations that nobody answered yet. `GET /providers/{id}/invitations` */
  listInvitations: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** As it was typed. */
        email: string
        /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
        role: 'viewer' | 'developer' | 'owner'
        /** Whether its link is too old; send it again. */
        isExpired: boolean
        /** When it was made. */
        createdAt: string
        /** Until when its link works: 7 days after it was last asked for. */
        expiresAt: string
        /** When a message last left; null until the first one has. */
        lastSentAt: string | null
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden' | 'provider_not_found'
  }
  /** Listed providers that were changed since an operator looked. `GET /operators/listing-changes` */
  listListingChanges: {
    path: undefined
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** As it is, with the addresses that wait. */
        provider: {
          /** Prefixed id, sortable by time. */
          id: string
          /** Shown in the catalogue; one line, no space at its ends. */
          name: string
          /** Plain text; line breaks are kept. */
          description: string
          /** A free slug. */
          category: string
          /** An image, https only; null for none. */
          iconUrl: string | null
          /** Where a session opens. https; http only for localhost and outside production. */
          launchUrl: string
          /** The price. A change applies to new sessions only. */
          tokensPerMinute: number
          /** Only `listed` ones are seen and can be opened. */
          status: 'draft' | 'in_review' | 'listed' | 'suspended'
          /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
          allowedOrigins: string[]
          /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
          launchInFragment: boolean
          /** What the operator wrote when sending it back or suspending it. */
          reviewNote: string | null
          /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
          heldAddresses: {
            /** Where a session opens. https; http only for localhost and outside production. */
            launchUrl: string
            /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
            allowedOrigins: string[]
          } | null
          /** When it was registered. */
          createdAt: string
          /** When it was last changed. */
          updatedAt: string
        }
        /** Its texts as they were approved. */
        textsBefore: {
          /** Shown in the catalogue; one line, no space at its ends. */
          name: string
          /** Plain text; line breaks are kept. */
          description: string
          /** A free slug. */
          category: string
          /** An image, https only; null for none. */
          iconUrl: string | null
        }
        /** Since when it waits. */
        changedSince: string
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** A provider’s team. `GET /providers/{id}/members` */
  listMembers: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        userId: string
        /** The account’s address. */
        email: string
        /** Whether the address is confirmed; payouts wait for that of the primary owner. */
        emailVerified: boolean
        /** As they call themselves. */
        displayName: string | null
        /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
        role: 'viewer' | 'developer' | 'owner'
        /** The one owner whom payouts go to. Cannot be removed; may transfer the provider. */
        isPrimary: boolean
        /** API keys they made that still work. A key belongs to the provider: it stays when they go. */
        workingKeys: number
        /** Since when. */
        joinedAt: string
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'provider_not_found'
  }
  /** The caller’s own providers. `GET /providers/mine` */
  listOwnProviders: {
    path: undefined
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** Shown in the catalogue; one line, no space at its ends. */
        name: string
        /** Plain text; line breaks are kept. */
        description: string
        /** A free slug. */
        category: string
        /** An image, https only; null for none. */
        iconUrl: string | null
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** The price. A change applies to new sessions only. */
        tokensPerMinute: number
        /** Only `listed` ones are seen and can be opened. */
        status: 'draft' | 'in_review' | 'listed' | 'suspended'
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
        /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
        launchInFragment: boolean
        /** What the operator wrote when sending it back or suspending it. */
        reviewNote: string | null
        /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
        heldAddresses: {
          /** Where a session opens. https; http only for localhost and outside production. */
          launchUrl: string
          /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
          allowedOrigins: string[]
        } | null
        /** When it was registered. */
        createdAt: string
        /** When it was last changed. */
        updatedAt: string
        /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
        role: 'viewer' | 'developer' | 'owner'
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden'
  }
  /** What tokens cost. `GET /tokens/packages` */
  listPackages: {
    path: undefined
    query: undefined
    body: undefined
    answer: {
      /** ISO 4217, lower case. */
      currency: string
      /** One token without discount. */
      tokenPriceCents: number
      /** The highest tier reached applies to all tokens of the purchase. Rising. */
      tiers: {
        /** From this many tokens in one purchase. */
        minTokens: number
        /** Off the price of every token. */
        discountPercent: number
      }[]
      /** Sizes on offer; any other number within the bounds can be bought as well. */
      items: {
        /** For `packageId`. */
        id: string
        /** Tokens in it. */
        tokens: number
        /** What it costs, discount included. */
        amountCents: number
        /** Off the price of every token. */
        discountPercent: number
      }[]
    }
    problems: never
  }
  /** A provider’s payouts. `GET /providers/{id}/payouts` */
  listPayouts: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** Only those. */
      status?: 'pending' | 'paid' | 'cancelled' | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** Prefixed id, sortable by time. */
        providerId: string
        /** `pending`: set aside; `paid`: transferred, and booked in the ledger. */
        status: 'pending' | 'paid' | 'cancelled'
        /** In tokens. */
        amount: number
        /** What it is worth, at the price of a token when it was made. */
        amountCents: number
        /** Of `amountCents`. */
        currency: string
        /** Names the bank transfer; null until paid. */
        reference: string | null
        /** The line in the ledger; null until paid. */
        transferId: string | null
        /** When it was made. */
        createdAt: string
        /** When it was paid or cancelled. */
        settledAt: string | null
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden' | 'provider_not_found'
  }
  /** A provider’s sessions, newest first. `GET /providers/{id}/sessions` */
  listProviderSessions: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** Only sessions of this status. */
      status?: 'pending' | 'active' | 'paused' | 'ended' | undefined
      /** Only test sessions, or none of them. */
      test?: boolean | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** Prefixed id, sortable by time. */
        providerId: string
        /** pending: paid for, not yet validated. */
        status: 'pending' | 'active' | 'paused' | 'ended'
        /** Why it ended; null until then. */
        endReason: 'completed' | 'expired' | 'abandoned' | 'cancelled' | 'revoked' | null
        /** The user, as this provider knows them: stable, and different for every provider. */
        userRef: string
        /** What was paid for, extensions included. */
        durationSeconds: number
        /** Time used so far, with what is being served and not confirmed yet; final once ended. */
        usedMs: number
        /** Time left. */
        remainingMs: number
        /** `serverTime` + `remainingMs` while active, else null. */
        endsAt: string | null
        /** Until when the app may serve without a further beat; null when it may not serve. */
        serveUntil: string | null
        /** The last one accepted from this client. */
        sequence: number
        /** The price, as it was when the session was opened. */
        tokensPerMinute: number
        /** Reserved for the session, extensions included. */
        tokensHeld: number
        /** What it cost; null until it has ended. */
        tokensCharged: number | null
        /** How often to beat. */
        heartbeatIntervalSeconds: number
        /** How long before the end to warn. */
        warningSeconds: number
        /** Where the user goes back to; append `&reason=`. */
        returnUrl: string
        /** When it was opened. */
        createdAt: string
        /** When it was first validated. */
        startedAt: string | null
        /** When it was settled. */
        endedAt: string | null
        /** The clock that counts, at this answer. */
        serverTime: string
        /** Opened as a test: free, and in no statistics. */
        isTest: boolean
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden' | 'provider_not_found'
  }
  /** Browse and search the catalogue. `GET /providers` */
  listProviders: {
    path: undefined
    query: {
      /** Words to look for, in any case. */
      q?: string | undefined
      /** This one alone; every one where it is empty, as a form sends it. */
      category?: string | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: Provider[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: never
  }
  /** The review queue. `GET /operators/providers` */
  listProvidersByStatus: {
    path: undefined
    query: {
      /** Only `listed` ones are seen and can be opened. */
      status?: 'draft' | 'in_review' | 'listed' | 'suspended' | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** Shown in the catalogue; one line, no space at its ends. */
        name: string
        /** Plain text; line breaks are kept. */
        description: string
        /** A free slug. */
        category: string
        /** An image, https only; null for none. */
        iconUrl: string | null
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** The price. A change applies to new sessions only. */
        tokensPerMinute: number
        /** Only `listed` ones are seen and can be opened. */
        status: 'draft' | 'in_review' | 'listed' | 'suspended'
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
        /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
        launchInFragment: boolean
        /** What the operator wrote when sending it back or suspending it. */
        reviewNote: string | null
        /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
        heldAddresses: {
          /** Where a session opens. https; http only for localhost and outside production. */
          launchUrl: string
          /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
          allowedOrigins: string[]
        } | null
        /** When it was registered. */
        createdAt: string
        /** When it was last changed. */
        updatedAt: string
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'not_found'
  }
  /** The caller’s purchases. `GET /tokens/purchases` */
  listPurchases: {
    path: undefined
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: Purchase[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: never
  }
  /** Your sessions, newest first. `GET /sessions` */
  listSessions: {
    path: undefined
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
      /** Only sessions of this status. */
      status?: 'pending' | 'active' | 'paused' | 'ended' | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: Session[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: never
  }
  /** Where the caller is signed in. `GET /auth/sign-ins` */
  listSignIns: {
    path: undefined
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** What the browser called itself; nothing proves it. */
        userAgent: string | null
        /** When the password was given. */
        signedInAt: string
        /** When it last traded its refresh token. */
        lastUsedAt: string
        /** When it ends unless it is used again. */
        expiresAt: string
      }[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: never
  }
  /** Providers whose sessions complete at once unusually often. `GET /operators/providers/unusual` */
  listUnusualProviders: {
    path: undefined
    query: undefined
    body: undefined
    answer: {
      /** When this was looked for; null before the first time. */
      lookedAt: string | null
      /** The most unusual first, 100 at most. */
      items: {
        /** Prefixed id, sortable by time. */
        id: string
        /** Its name; typed by its owner. */
        name: string
        /** Sessions that ended. */
        ended: number
        /** Those that completed at once. */
        instantlyCompleted: number
        /** `instantlyCompleted` ÷ `ended`. */
        share: number
        /** The same of all other providers together. */
        usualShare: number
      }[]
    }
    problems: 'not_found'
  }
  /** What was sent to an endpoint, and how it went. `GET /providers/{id}/webhook-endpoints/{endpointId}/deliveries` */
  listWebhookDeliveries: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: {
      /** `pending`: under way or waiting for its next attempt; `failed`: all attempts were made. */
      status?: 'pending' | 'delivered' | 'failed' | undefined
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: WebhookDelivery[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_not_found'
  }
  /** A provider’s webhook endpoints. `GET /providers/{id}/webhook-endpoints` */
  listWebhookEndpoints: {
    path: {
      /** The provider. */
      id: string
    }
    query: {
      /** How many items at most. */
      limit?: number | undefined
      /** `nextCursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    answer: {
      /** This page, newest first where not said otherwise. */
      items: WebhookEndpoint[]
      /** Give it as `cursor` for the next page; null at the end. */
      nextCursor: string | null
    }
    problems: 'forbidden' | 'provider_not_found'
  }
  /** Book a payout that was transferred. `POST /providers/{id}/payouts/{payoutId}/pay` */
  markPayoutPaid: {
    path: {
      /** The provider. */
      id: string
      /** The payout. */
      payoutId: string
    }
    query: undefined
    body: {
      /** Names the bank transfer. */
      reference: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Prefixed id, sortable by time. */
      providerId: string
      /** `pending`: set aside; `paid`: transferred, and booked in the ledger. */
      status: 'pending' | 'paid' | 'cancelled'
      /** In tokens. */
      amount: number
      /** What it is worth, at the price of a token when it was made. */
      amountCents: number
      /** Of `amountCents`. */
      currency: string
      /** Names the bank transfer; null until paid. */
      reference: string | null
      /** The line in the ledger; null until paid. */
      transferId: string | null
      /** When it was made. */
      createdAt: string
      /** When it was paid or cancelled. */
      settledAt: string | null
    }
    problems: 'not_found' | 'payout_exceeds_payable' | 'payout_not_found' | 'payout_status_invalid' | 'provider_not_found'
  }
  /** Stop the clock from the marketplace. `POST /sessions/{id}/pause` */
  pauseSessionFromMarketplace: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: undefined
    answer: {
      /** A paid, timed session. */
      session: Session
    }
    problems: 'session_not_found' | 'session_not_started'
  }
  /** Give money back. `POST /operators/purchases/{id}/refund` */
  refundPurchase: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: {
      /** How much; all that is left when not said. */
      amountCents?: number
      /** For the audit log and for Stripe’s records. */
      reason: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Prefixed id, sortable by time. */
      purchaseId: string
      /** How much, in the purchase’s currency. */
      amountCents: number
      /** `pending`: nobody knows yet whether Stripe took it, ask again; `sent`: Stripe took it, its event books it; `failed`: Stripe refused, or the bank sent the money back, and another one may be asked for. */
      status: 'pending' | 'sent' | 'failed'
      /** As the operator gave it. */
      reason: string
      /** Stripe’s own id. */
      stripeRefundId: string | null
      /** The operator. */
      requestedBy: string
      /** When it was asked for. */
      createdAt: string
    }
    problems: 'not_found' | 'payment_unavailable' | 'purchase_not_found' | 'purchase_not_refundable' | 'refund_exceeds_paid' | 'refund_refused'
  }
  /** Take such a change back. `POST /operators/providers/{id}/changes/reject` */
  rejectListingChange: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** The provider’s, as the list said it: what was changed after that is not decided by this. */
      updatedAt: string
      /** For the owners, who read it as `reviewNote`. */
      reason: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'listing_change_gone' | 'not_found' | 'provider_not_found'
  }
  /** Send a provider in review back to its owner. `POST /providers/{id}/reject` */
  rejectProvider: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: {
      /** For the owner, who reads it as `reviewNote`. */
      reason: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'not_found' | 'provider_not_found' | 'provider_status_invalid'
  }
  /** A way back into a session that has not ended. `POST /sessions/{id}/relaunch` */
  relaunchSession: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: undefined
    answer: {
      /** A paid, timed session. */
      session: Session
      /** Opens the app, once, within 120 s. Keep it out of logs. */
      launchJwt: string
      /** Where to send the user: the app with the launch JWT in it. */
      launchUrl: string
      /** Until when the launch JWT can be spent. */
      launchExpiresAt: string
    }
    problems: 'session_ended' | 'session_not_found'
  }
  /** Remove a member, or leave. `DELETE /providers/{id}/members/{userId}` */
  removeMember: {
    path: {
      /** The provider. */
      id: string
      /** The member. */
      userId: string
    }
    query: undefined
    body: undefined
    answer: undefined
    problems: 'forbidden' | 'member_not_found' | 'primary_owner_stays' | 'provider_not_found'
  }
  /** Delete a webhook endpoint. `DELETE /providers/{id}/webhook-endpoints/{endpointId}` */
  removeWebhookEndpoint: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: undefined
    body: undefined
    answer: undefined
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_not_found'
  }
  /** Send many again: what failed, or all of a range. `POST /providers/{id}/webhook-endpoints/{endpointId}/replay` */
  replayWebhookDeliveries: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: undefined
    body: {
      /** Only what failed for good, or everything. */
      which: 'failed' | 'all'
      /** Events from this instant on. */
      from: string
      /** Events before this instant; at most 31 days after `from`. */
      to: string
      /** `lastEventId` of the call before, with `all`. */
      after?: string
    }
    answer: {
      /** How many will be sent. */
      queued: number
      /** Whether to call again. */
      hasMore: boolean
      /** The last event of this call; null for none. */
      lastEventId: string | null
    }
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_disabled' | 'webhook_endpoint_not_found'
  }
  /** Send one delivery again. `POST /providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/replay` */
  replayWebhookDelivery: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
      /** The delivery. */
      deliveryId: string
    }
    query: undefined
    body: undefined
    answer: WebhookDelivery
    problems: 'forbidden' | 'provider_not_found' | 'webhook_delivery_not_found' | 'webhook_endpoint_disabled' | 'webhook_endpoint_not_found'
  }
  /** Have a reset link mailed. `POST /auth/password/reset-request` */
  requestPasswordReset: {
    path: undefined
    query: undefined
    body: {
      /** Kept as typed, compared without regard to case, width or composition; international addresses are welcome. */
      email: string
    }
    answer: undefined
    problems: never
  }
  /** Send an invitation again. `POST /providers/{id}/invitations/{invitationId}/resend` */
  resendInvitation: {
    path: {
      /** The provider. */
      id: string
      /** The invitation. */
      invitationId: string
    }
    query: undefined
    body: undefined
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** As it was typed. */
      email: string
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
      /** Whether its link is too old; send it again. */
      isExpired: boolean
      /** When it was made. */
      createdAt: string
      /** Until when its link works: 7 days after it was last asked for. */
      expiresAt: string
      /** When a message last left; null until the first one has. */
      lastSentAt: string | null
    }
    problems: 'forbidden' | 'invitation_not_found' | 'limit_reached' | 'provider_not_found'
  }
  /** Have the confirming link mailed again. `POST /auth/email/resend` */
  resendVerification: {
    path: undefined
    query: undefined
    body: undefined
    answer: undefined
    problems: never
  }
  /** Choose a new password by a mailed link. `POST /auth/password/reset` */
  resetPassword: {
    path: undefined
    query: undefined
    body: {
      /** From the link in the mail, behind `token=`. */
      token: string
      /** Any characters of any script, counted as characters; no rule of composition. */
      newPassword: string
    }
    answer: undefined
    problems: 'link_invalid'
  }
  /** Let the clock run again. `POST /sessions/{id}/resume` */
  resumeSessionFromMarketplace: {
    path: {
      /** The session. */
      id: string
    }
    query: undefined
    body: undefined
    answer: {
      /** A paid, timed session. */
      session: Session
    }
    problems: 'session_not_found' | 'session_not_started'
  }
  /** Revoke an API key. `DELETE /providers/{id}/api-keys/{keyId}` */
  revokeApiKey: {
    path: {
      /** The provider. */
      id: string
      /** The key. */
      keyId: string
    }
    query: undefined
    body: undefined
    answer: undefined
    problems: 'api_key_not_found' | 'forbidden' | 'provider_not_found'
  }
  /** Take an invitation back. `DELETE /providers/{id}/invitations/{invitationId}` */
  revokeInvitation: {
    path: {
      /** The provider. */
      id: string
      /** The invitation. */
      invitationId: string
    }
    query: undefined
    body: undefined
    answer: undefined
    problems: 'forbidden' | 'invitation_not_found' | 'provider_not_found'
  }
  /** End this sign-in. `POST /auth/logout` */
  revokeRefreshToken: {
    path: undefined
    query: undefined
    body: {
      /** The last one you got. */
      refreshToken: string
    }
    answer: undefined
    problems: never
  }
  /** End one of the caller’s sign-ins. `DELETE /auth/sign-ins/{id}` */
  revokeSignIn: {
    path: {
      /** The sign-in. */
      id: string
    }
    query: undefined
    body: undefined
    answer: undefined
    problems: 'sign_in_not_found'
  }
  /** Replace an API key. `POST /providers/{id}/api-keys/{keyId}/rotate` */
  rotateApiKey: {
    path: {
      /** The provider. */
      id: string
      /** The key. */
      keyId: string
    }
    query: undefined
    body: {
      /** How long the old secret works on; 24 when not said. */
      overlapHours?: number
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** For its owner to tell keys apart. */
      name: string
      /** What the key may do, and nothing else. */
      scopes: ('sessions:read' | 'sessions:write' | 'providers:write' | 'analytics:read' | 'webhooks:write' | 'keys:write')[]
      /** `test` keys know test sessions only, which cost nothing; `live` keys know only the others. */
      mode: 'live' | 'test'
      /** Shown this once; only its hash is stored. */
      secret: string
    }
    problems: 'api_key_not_found' | 'forbidden' | 'limit_reached' | 'provider_not_found'
  }
  /** Trade a refresh token for a new pair. `POST /auth/refresh` */
  rotateRefreshToken: {
    path: undefined
    query: undefined
    body: {
      /** The last one you got. */
      refreshToken: string
    }
    answer: {
      /** A JWT for `Authorization: Bearer …`. It stays good until it expires, also after a logout; a reset of the password and an operator end it at once. */
      accessToken: string
      /** Opaque; trades for the next pair once, within 30 days. Refresh one at a time. */
      refreshToken: string
      /** How to send it. */
      tokenType: 'Bearer'
      /** Life of the access token. */
      expiresInSeconds: number
    }
    problems: 'refresh_token_invalid'
  }
  /** Replace the secret of a webhook endpoint. `POST /providers/{id}/webhook-endpoints/{endpointId}/rotate-secret` */
  rotateWebhookSecret: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: undefined
    body: {
      /** How long the old secret signs, too; 24 when not said. */
      overlapHours?: number
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Where events are sent by POST. https (http, too, outside production), a public address, port 80 or 443, no credentials. Redirects are not followed. */
      url: string
      /** What it is told. */
      events: ('*' | 'session.started' | 'session.paused' | 'session.resumed' | 'session.extended' | 'session.completed' | 'session.expired' | 'session.abandoned' | 'session.cancelled' | 'session.revoked' | 'earnings.posted' | 'provider.approved' | 'provider.suspended' | 'provider.price_changed')[]
      /** A disabled one is sent nothing; what was under way to it waits. Disabled by us after 5 days without a success, or when it answers 410. */
      status: 'enabled' | 'disabled'
      /** `owner`: by PATCH; `gone`: it answered 410; `failing`: 5 days without a success. */
      disabledBecause: 'owner' | 'gone' | 'failing' | null
      /** Since when every attempt failed; null after a success. */
      failingSince: string | null
      /** Verifies `v1a` signatures: `whpk_` and 32 bytes in base64. Null without ed25519. */
      publicKey: string | null
      /** Until when the secret before signs, too; null when none does. */
      previousSecretExpiresAt: string | null
      /** When it was made. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
      /** Verifies `v1` signatures. Shown this once; stored sealed. */
      secret: string
    }
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_not_found'
  }
  /** Send a test event. `POST /providers/{id}/webhook-endpoints/{endpointId}/test` */
  sendWebhookTestEvent: {
    path: {
      /** The provider. */
      id: string
      /** The endpoint. */
      endpointId: string
    }
    query: undefined
    body: undefined
    answer: WebhookDelivery
    problems: 'forbidden' | 'provider_not_found' | 'webhook_endpoint_disabled' | 'webhook_endpoint_not_found'
  }
  /** Sign in with e-mail and password. `POST /auth/login` */
  signIn: {
    path: undefined
    query: undefined
    body: {
      /** In whatever case it was registered. */
      email: string
      /** The account’s password. */
      password: string
    }
    answer: {
      /** A person with an account. */
      user: {
        /** Prefixed id, sortable by time. */
        id: string
        /** As it was typed at registration. */
        email: string
        /** What others see; null when none was given. */
        displayName: string | null
        /** When the account was made. */
        createdAt: string
      }
      /** A JWT for `Authorization: Bearer …`. It stays good until it expires, also after a logout; a reset of the password and an operator end it at once. */
      accessToken: string
      /** Opaque; trades for the next pair once, within 30 days. Refresh one at a time. */
      refreshToken: string
      /** How to send it. */
      tokenType: 'Bearer'
      /** Life of the access token. */
      expiresInSeconds: number
    }
    problems: 'invalid_credentials'
  }
  /** Take a provider out of the catalogue. `POST /providers/{id}/suspend` */
  suspendProvider: {
    path: {
      /** Prefixed id, sortable by time. */
      id: string
    }
    query: undefined
    body: {
      /** For the owner, who reads it as `reviewNote`. */
      reason: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      id: string
      /** Shown in the catalogue; one line, no space at its ends. */
      name: string
      /** Plain text; line breaks are kept. */
      description: string
      /** A free slug. */
      category: string
      /** An image, https only; null for none. */
      iconUrl: string | null
      /** Where a session opens. https; http only for localhost and outside production. */
      launchUrl: string
      /** The price. A change applies to new sessions only. */
      tokensPerMinute: number
      /** Only `listed` ones are seen and can be opened. */
      status: 'draft' | 'in_review' | 'listed' | 'suspended'
      /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
      allowedOrigins: string[]
      /** Hand the launch JWT over in the fragment, which no server logs, instead of the query. */
      launchInFragment: boolean
      /** What the operator wrote when sending it back or suspending it. */
      reviewNote: string | null
      /** Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait. */
      heldAddresses: {
        /** Where a session opens. https; http only for localhost and outside production. */
        launchUrl: string
        /** Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here. */
        allowedOrigins: string[]
      } | null
      /** When it was registered. */
      createdAt: string
      /** When it was last changed. */
      updatedAt: string
    }
    problems: 'not_found' | 'provider_not_found'
  }
  /** Make another member the primary owner. `POST /providers/{id}/transfer` */
  transferProvider: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** A member. */
      userId: string
      /** The account’s password, so that a stolen access token alone cannot do this. */
      currentPassword: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      userId: string
      /** The account’s address. */
      email: string
      /** Whether the address is confirmed; payouts wait for that of the primary owner. */
      emailVerified: boolean
      /** As they call themselves. */
      displayName: string | null
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
      /** The one owner whom payouts go to. Cannot be removed; may transfer the provider. */
      isPrimary: boolean
      /** API keys they made that still work. A key belongs to the provider: it stays when they go. */
      workingKeys: number
      /** Since when. */
      joinedAt: string
    }
    problems: 'forbidden' | 'member_not_found' | 'password_wrong' | 'provider_not_found'
  }
  /** Give a provider another primary owner. `POST /operators/providers/{id}/transfer` */
  transferProviderAsOperator: {
    path: {
      /** The provider. */
      id: string
    }
    query: undefined
    body: {
      /** The account. */
      userId: string
      /** For the audit log. */
      reason: string
    }
    answer: {
      /** Prefixed id, sortable by time. */
      userId: string
      /** The account’s address. */
      email: string
      /** Whether the address is confirmed; payouts wait for that of the primary owner. */
      emailVerified: boolean
      /** As they call themselves. */
      displayName: string | null
      /** `viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens test sessions; `owner` also decides who is on the team. */
      role: 'viewer' | 'developer' | 'owner'
      /** The one owner whom payouts go to. Cannot be removed; may transfer the provider. */
      isPrimary: boolean
      /** API keys they made that still work. A key belongs to the provider: it stays when they go. */
      workingKeys: number
      /** Since when. */
      joinedAt: string
    }
    problems: 'member_not_found' | 'not_found' | 'provider_not_found'
  }
  /** Open a link that confirms an address. `POST /auth/email/verify` */
  verifyEmail: {
    path: undefined
    query: undefined
    body: {
      /** From the link in the mail, behind `token=`. */
      token: string
    }
    answer: Email
    problems: 'email_taken' | 'link_invalid'
  }
}

/** Method, path, whether a sign-in is needed, whether it takes an Idempotency-Key. */
export const OPERATIONS: Record<keyof Operations, readonly [string, string, boolean, boolean]> = {
  acceptInvitation: ['POST', '/invitations/accept', true, true],
  approveListingChange: ['POST', '/operators/providers/{id}/changes/approve', true, false],
  approveProvider: ['POST', '/providers/{id}/approve', true, false],
  cancelPayout: ['POST', '/providers/{id}/payouts/{payoutId}/cancel', true, true],
  changeEmail: ['POST', '/auth/email', true, false],
  changeLimits: ['PUT', '/tokens/limits', true, false],
  changeMember: ['PATCH', '/providers/{id}/members/{userId}', true, false],
  changePassword: ['POST', '/auth/password', true, false],
  changeProfile: ['PATCH', '/auth/profile', true, false],
  changeProvider: ['PATCH', '/providers/{id}', true, false],
  changeTheme: ['PUT', '/providers/{id}/theme', true, false],
  changeWebhookEndpoint: ['PATCH', '/providers/{id}/webhook-endpoints/{endpointId}', true, false],
  completeSession: ['POST', '/api/v1/sessions/{id}/complete', true, true],
  createInvitation: ['POST', '/providers/{id}/invitations', true, true],
  createPayout: ['POST', '/providers/{id}/payouts', true, true],
  createProvider: ['POST', '/providers', true, true],
  createPurchase: ['POST', '/tokens/purchase', true, true],
  createSession: ['POST', '/sessions', true, true],
  createTestSession: ['POST', '/providers/{id}/test-sessions', true, true],
  createUser: ['POST', '/auth/register', false, false],
  createWebhookEndpoint: ['POST', '/providers/{id}/webhook-endpoints', true, true],
  deleteAccount: ['POST', '/auth/account/delete', true, false],
  endSignIns: ['POST', '/operators/users/{id}/sign-out', true, false],
  extendSession: ['POST', '/sessions/{id}/extend', true, true],
  findInvitation: ['POST', '/invitations/find', false, false],
  getAnalytics: ['GET', '/providers/{id}/analytics', true, false],
  getBalance: ['GET', '/tokens/balance', true, false],
  getBalanceChange: ['GET', '/tokens/history/{id}', true, false],
  getEarnings: ['GET', '/providers/{id}/earnings', true, false],
  getEarningsAsOperator: ['GET', '/operators/providers/{id}/earnings', true, false],
  getEarningsStatement: ['GET', '/providers/{id}/earnings/statement', true, false],
  getEmail: ['GET', '/auth/email', true, false],
  getExperiments: ['GET', '/providers/{id}/analytics/experiments', true, false],
  getFoundSession: ['GET', '/operators/sessions/{id}', true, false],
  getFoundSessionTimeline: ['GET', '/operators/sessions/{id}/timeline', true, false],
  getFoundTransfer: ['GET', '/operators/transfers/{id}', true, false],
  getFoundUser: ['GET', '/operators/users/{id}', true, false],
  getFrontPage: ['GET', '/', false, false],
  getFunnel: ['GET', '/providers/{id}/analytics/funnel', true, false],
  getLimits: ['GET', '/tokens/limits', true, false],
  getOwnSessionTimeline: ['GET', '/sessions/{id}/timeline', true, false],
  getPlatformHealth: ['GET', '/operators/health', true, false],
  getProfile: ['GET', '/auth/profile', true, false],
  getProvider: ['GET', '/providers/{id}', false, false],
  getPurchase: ['GET', '/tokens/purchases/{id}', true, false],
  getPurchaseFile: ['GET', '/operators/purchases/{id}', true, false],
  getPurchaseReceipt: ['GET', '/tokens/purchases/{id}/receipt', true, false],
  getRetention: ['GET', '/providers/{id}/analytics/retention', true, false],
  getSession: ['GET', '/sessions/{id}', true, false],
  getSessionReceipt: ['GET', '/sessions/{id}/receipt', true, false],
  getSessionTimeline: ['GET', '/providers/{id}/sessions/{sessionId}/timeline', true, false],
  getTheme: ['GET', '/providers/{id}/theme', true, false],
  getWebhookDelivery: ['GET', '/providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}', true, false],
  getWebhookEndpoint: ['GET', '/providers/{id}/webhook-endpoints/{endpointId}', true, false],
  issueApiKey: ['POST', '/providers/{id}/api-keys', true, true],
  listAllPayouts: ['GET', '/operators/payouts', true, false],
  listApiKeys: ['GET', '/providers/{id}/api-keys', true, false],
  listAudit: ['GET', '/operators/audit', true, false],
  listFoundPurchases: ['GET', '/operators/purchases', true, false],
  listFoundSessions: ['GET', '/operators/sessions', true, false],
  listFoundTransfers: ['GET', '/operators/transfers', true, false],
  listFoundUsers: ['GET', '/operators/users', true, false],
  listHistory: ['GET', '/tokens/history', true, false],
  listInvitations: ['GET', '/providers/{id}/invitations', true, false],
  listListingChanges: ['GET', '/operators/listing-changes', true, false],
  listMembers: ['GET', '/providers/{id}/members', true, false],
  listOwnProviders: ['GET', '/providers/mine', true, false],
  listPackages: ['GET', '/tokens/packages', false, false],
  listPayouts: ['GET', '/providers/{id}/payouts', true, false],
  listProviderSessions: ['GET', '/providers/{id}/sessions', true, false],
  listProviders: ['GET', '/providers', false, false],
  listProvidersByStatus: ['GET', '/operators/providers', true, false],
  listPurchases: ['GET', '/tokens/purchases', true, false],
  listSessions: ['GET', '/sessions', true, false],
  listSignIns: ['GET', '/auth/sign-ins', true, false],
  listUnusualProviders: ['GET', '/operators/providers/unusual', true, false],
  listWebhookDeliveries: ['GET', '/providers/{id}/webhook-endpoints/{endpointId}/deliveries', true, false],
  listWebhookEndpoints: ['GET', '/providers/{id}/webhook-endpoints', true, false],
  markPayoutPaid: ['POST', '/providers/{id}/payouts/{payoutId}/pay', true, true],
  pauseSessionFromMarketplace: ['POST', '/sessions/{id}/pause', true, true],
  refundPurchase: ['POST', '/operators/purchases/{id}/refund', true, true],
  rejectListingChange: ['POST', '/operators/providers/{id}/changes/reject', true, false],
  rejectProvider: ['POST', '/providers/{id}/reject', true, false],
  relaunchSession: ['POST', '/sessions/{id}/relaunch', true, true],
  removeMember: ['DELETE', '/providers/{id}/members/{userId}', true, false],
  removeWebhookEndpoint: ['DELETE', '/providers/{id}/webhook-endpoints/{endpointId}', true, false],
  replayWebhookDeliveries: ['POST', '/providers/{id}/webhook-endpoints/{endpointId}/replay', true, true],
  replayWebhookDelivery: ['POST', '/providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/replay', true, true],
  requestPasswordReset: ['POST', '/auth/password/reset-request', false, false],
  resendInvitation: ['POST', '/providers/{id}/invitations/{invitationId}/resend', true, true],
  resendVerification: ['POST', '/auth/email/resend', true, false],
  resetPassword: ['POST', '/auth/password/reset', false, false],
  resumeSessionFromMarketplace: ['POST', '/sessions/{id}/resume', true, true],
  revokeApiKey: ['DELETE', '/providers/{id}/api-keys/{keyId}', true, false],
  revokeInvitation: ['DELETE', '/providers/{id}/invitations/{invitationId}', true, false],
  revokeRefreshToken: ['POST', '/auth/logout', true, false],
  revokeSignIn: ['DELETE', '/auth/sign-ins/{id}', true, false],
  rotateApiKey: ['POST', '/providers/{id}/api-keys/{keyId}/rotate', true, true],
  rotateRefreshToken: ['POST', '/auth/refresh', false, false],
  rotateWebhookSecret: ['POST', '/providers/{id}/webhook-endpoints/{endpointId}/rotate-secret', true, true],
  sendWebhookTestEvent: ['POST', '/providers/{id}/webhook-endpoints/{endpointId}/test', true, true],
  signIn: ['POST', '/auth/login', false, false],
  suspendProvider: ['POST', '/providers/{id}/suspend', true, false],
  transferProvider: ['POST', '/providers/{id}/transfer', true, false],
  transferProviderAsOperator: ['POST', '/operators/providers/{id}/transfer', true, false],
  verifyEmail: ['POST', '/auth/email/verify', false, false],
}
