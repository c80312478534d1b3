import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { creditWallet } from '../ledger/credit-wallet.ts'
import { reverseCredit } from '../ledger/reverse-credit.ts'
import { tokensTakenBack } from './price.ts'
import { describeTokens, type PurchaseStatus, refundedCentsSql } from './purchase.ts'

interface Facts {
  userId: string
  tokens: number
  amountCents: number
  refundedCents: number
  reversedTokens: number
  isPaid: boolean
  /** What open and lost disputes took, and what of it is booked. */
  disputedCents: number
  bookedDisputedCents: number
  isDisputed: boolean
  creditTransferId: string | null
}

/**
 * Brings the ledger in line with what is known about a purchase: paid or not, refunded so far, disputed or not.
 *
 * Events only record facts; what they mean for the wallet is decided here from all of them, so their order and
 * their repetition cannot matter. Needs the purchase's row locked; locks the wallet after it.
 */
export async function settlePurchase(
  tx: Tx,
  input: { tenantId: string; purchaseId: string; now: Date },
): Promise<void> {
  const { tenantId, purchaseId, now } = input
  let facts = await readFacts(tx, tenantId, purchaseId)
  if (!facts.isPaid) return
  const about = { tenantId, walletId: facts.userId, purchaseId, now }

  if (facts.creditTransferId === null) {
    await creditWallet(tx, {
      ...about,
      kind: 'purchase',
      fromAccountId: 'stripe_clearing',
      amount: facts.tokens,
      reversesId: null,
      description: `Bought ${describeTokens(facts.tokens)}`,
    })
    facts = await readFacts(tx, tenantId, purchaseId)
  }
  const { tokens, amountCents, refundedCents, disputedCents, isDisputed, creditTransferId } = facts
  assert(creditTransferId !== null, 'a paid purchase was credited')

  // A dispute takes what it is of; while the bank decides, and for good when it is lost. No cent is taken twice.
  const takenCents = Math.min(amountCents, refundedCents + disputedCents)
  const target = tokensTakenBack({ tokens, refundedCents: takenCents, paidCents: amountCents })
  const change = target - facts.reversedTokens
  if (change > 0) {
    const isByDispute = disputedCents > facts.bookedDisputedCents
    await reverseCredit(tx, {
      ...about,
      kind: isByDispute ? 'dispute' : 'refund',
      toAccountId: 'refunds',
      amount: change,
      reversesId: creditTransferId,
      description: isByDispute
        ? 'Payment disputed: tokens taken back'
        : 'Payment refunded: tokens taken back',
    })
  } else if (change < 0) {
    const isByDispute = disputedCents < facts.bookedDisputedCents
    await creditWallet(tx, {
      ...about,
      kind: isByDispute ? 'dispute_won' : 'refund_failed',
      fromAccountId: 'refunds',
      amount: -change,
      reversesId: creditTransferId,
      description: `${isByDispute ? 'Dispute settled' : 'Refund failed'}: tokens given back${describeKept(target, facts)}`,
    })
  }
  const status: PurchaseStatus = isDisputed ? 'disputed' : refundedCents === amountCents ? 'refunded' : 'paid'
  await tx.query(settleSql, [tenantId, purchaseId, target, isDisputed, disputedCents, status])
}

/** What else took tokens may have had none left to take, and no line of its own then: this one says what it keeps. */
function describeKept(kept: number, { refundedCents, disputedCents }: Facts): string {
  if (kept === 0) return ''
  const whose = [refundedCents > 0 && 'were refunded', disputedCents > 0 && 'are disputed']
  return `, but for ${kept} that ${whose.filter(Boolean).join(' or ')}`
}

async function readFacts(tx: Tx, tenantId: string, purchaseId: string): Promise<Facts> {
  const [facts] = await tx.query<Facts>(factsSql, [tenantId, purchaseId])
  assert(facts, 'the purchase is locked, so it is there')
  return facts
}

const factsSql = `
  select p.user_id as "userId", p.tokens, p.amount_cents as "amountCents", ${refundedCentsSql('p')} as "refundedCents",
    p.reversed_tokens as "reversedTokens", p.paid_at is not null as "isPaid",
    least(p.amount_cents, coalesce(d.cents, 0)) as "disputedCents", d.cents is not null as "isDisputed",
    p.disputed_cents as "bookedDisputedCents",
    (select t.id from transfers t where t.tenant_id = p.tenant_id and t.purchase_id = p.id and t.kind = 'purchase')
      as "creditTransferId"
  from purchases p
  cross join lateral (
    select sum(d.amount_cents) as cents from stripe_disputes d
    where d.tenant_id = p.tenant_id and d.purchase_id = p.id and d.status in ('open', 'lost')
  ) d
  where p.tenant_id = $1 and p.id = $2`

const settleSql = `
  update purchases set reversed_tokens = $3, is_disputed = $4, disputed_cents = $5, status = $6
  where tenant_id = $1 and id = $2`
