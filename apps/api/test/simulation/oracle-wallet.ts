/**
 * What the text of the design says about money, as plain arithmetic in memory. Imports nothing of the
 * implementation, on purpose.
 *
 * @module
 */

export interface WalletModel {
  posted: number
  held: number
  debt: number
}

export interface DisputeModel {
  state: 'inquiry' | 'open' | 'won' | 'lost'
  cents: number
}

export type StripeFactModel =
  | { kind: 'paid' }
  | { kind: 'refunded'; refundedCents: number }
  | { kind: 'refundFailed'; refundId: string; cents: number }
  | DisputeFactModel

export type DisputeFactModel =
  | { kind: 'asked' | 'disputed'; disputeId: string; cents: number }
  | { kind: 'closed'; disputeId: string; cents: number; isWon: boolean }

export interface PurchaseModel {
  tokens: number
  amountCents: number
  isPaid: boolean
  /** The greatest sum that the charge has named; what failed later is in it. */
  refundedCents: number
  /** By refund: what failed at the bank. */
  failedCents: Record<string, number>
  /** Tokens taken back so far. */
  reversed: number
  disputes: Record<string, DisputeModel>
}

export const availableOf = (wallet: WalletModel) => wallet.posted - wallet.held

/** Reserves, or refuses: no overdraft, and nothing new while something is owed. */
export function hold(wallet: WalletModel, amount: number): boolean {
  if (wallet.debt > 0 || availableOf(wallet) < amount) return false
  wallet.held += amount
  return true
}

/** Frees what was held; a debt is paid first. */
function free(wallet: WalletModel, amount: number): void {
  wallet.held -= amount
  const paid = Math.min(wallet.debt, amount)
  wallet.debt -= paid
  wallet.posted -= paid
}

export function settleHold(wallet: WalletModel, held: number, charged: number): void {
  wallet.posted -= charged
  wallet.held -= charged
  free(wallet, held - charged)
}

export function credit(wallet: WalletModel, amount: number): void {
  wallet.posted += amount
  wallet.held += amount
  free(wallet, amount)
}

/** A refund never makes a wallet negative: what was spent already becomes a debt. */
export function takeBack(wallet: WalletModel, amount: number): void {
  const taken = Math.min(availableOf(wallet), amount)
  wallet.posted -= taken
  wallet.debt += amount - taken
}

/** 1 cent a token; 5 % off from 1,000, 10 % from 5,000, 20 % from 20,000; half a cent rounds up. */
export function priceInCents(tokens: number): number {
  const percent = tokens >= 20_000 ? 80 : tokens >= 5_000 ? 90 : tokens >= 1_000 ? 95 : 100
  return Math.round((tokens * percent) / 100)
}

/**
 * Brings a wallet in line with what is known of a purchase. Whatever order facts come in, the same facts give the
 * same wallet: floor(tokens × taken ÷ paid), where taken is what was refunded and did not fail, and what disputes took
 * that are not won.
 */
export function settlePurchase(wallet: WalletModel, purchase: PurchaseModel, wasPaid: boolean): void {
  if (!purchase.isPaid) return
  if (!wasPaid) credit(wallet, purchase.tokens)
  const failedCents = Object.values(purchase.failedCents).reduce((sum, cents) => sum + cents, 0)
  let takenCents = Math.max(0, purchase.refundedCents - failedCents)
  for (const { state, cents } of Object.values(purchase.disputes))
    if (state === 'open' || state === 'lost') takenCents += cents
  const target = Math.floor(
    (purchase.tokens * Math.min(purchase.amountCents, takenCents)) / purchase.amountCents,
  )
  if (target > purchase.reversed) takeBack(wallet, target - purchase.reversed)
  else if (target < purchase.reversed) credit(wallet, purchase.reversed - target)
  purchase.reversed = target
}

/** First the bank may ask, then it takes, then it decides: what is later in this order counts, whenever it is told. */
export function learnOfDispute(disputes: PurchaseModel['disputes'], fact: DisputeFactModel): void {
  const { kind, disputeId, cents } = fact
  const known = disputes[disputeId]?.state
  if (kind === 'closed') disputes[disputeId] = { state: fact.isWon ? 'won' : 'lost', cents }
  else if (known === undefined || (known === 'inquiry' && kind === 'disputed'))
    disputes[disputeId] = { state: kind === 'asked' ? 'inquiry' : 'open', cents }
}

/** The platform's share: basis points, half a token rounds up. */
export const feeOf = (charged: number, basisPoints: number) =>
  Math.floor((charged * basisPoints + 5_000) / 10_000)
