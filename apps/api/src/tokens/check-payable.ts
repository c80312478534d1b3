import { amountCentsMaxOf } from '../currency.ts'
import { Problem } from '../errors.ts'
import { formatMoney } from './format-money.ts'
import type { Price } from './price.ts'
import { describeTokens } from './purchase.ts'

/**
 * Refuses what no payment takes before anybody is asked to pay it.
 *
 * @throws {Problem} `amount_not_payable`, naming the bound
 */
export function checkPayable({ tokens, amountCents }: Price, currency: string): void {
  const max = amountCentsMaxOf(currency)
  if (amountCents <= max) return
  const [costs, most] = [formatMoney(amountCents, currency), formatMoney(max, currency)]
  throw new Problem('amount_not_payable', {
    detail: `${describeTokens(tokens)} cost ${costs}; one payment takes ${most} at most.`,
  })
}
