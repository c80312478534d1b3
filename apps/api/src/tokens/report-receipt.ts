import type { Logger } from 'pino'
import type { Receipt } from './receive-stripe-event.ts'

/** Says in the log what became of an event, as loudly as somebody has to look. */
export function reportReceipt(log: Logger, receipt: Receipt): void {
  if (receipt.failedRefundId !== undefined) {
    log.error(receipt, 'a refund failed at the bank: its money is back at Stripe, and the buyer waits for it')
  } else if (receipt.outcome === 'refused') {
    log.error(receipt, 'Stripe event refused: somebody has to look at this payment')
  } else if (receipt.outcome === 'unmatched') {
    log.warn(receipt, 'Stripe event kept until its payment is known')
  } else {
    log.info(receipt, 'Stripe event received')
  }
}
