import { addProvider, addUser } from './harness.ts'
import type { SessionMarket } from './session-market.ts'

export type EarningProvider = Awaited<ReturnType<typeof addEarningProvider>>

/**
 * A provider of the market's owner at 4 tokens a minute, whose payouts an operator of its own makes.
 *
 * @example const mine = await addEarningProvider(it); await mine.pay('', { amount: 60 })
 */
export async function addEarningProvider(it: SessionMarket) {
  const operator = await addUser(it.api, { isOperator: true })
  const providerId = await addProvider(it.api, { ownerId: it.owner.id, tokensPerMinute: 4 })
  const path = `/providers/${providerId}`
  return {
    providerId,
    path,
    earnings: async () => (await it.as(it.owner, 'GET', `${path}/earnings`)).body,
    statement: async (from: string) =>
      (await it.as(it.owner, 'GET', `${path}/earnings/statement?from=${from}`)).body,
    pay: (rest: string, body?: object) => it.as(operator, 'POST', `${path}/payouts${rest}`, { body }),
  }
}
