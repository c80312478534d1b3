/**
 * The sandbox's checkout page: plain HTML that works without a script.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { escapeHtml } from '../http/page.ts'
import { formatMoney } from './format-money.ts'
import { describeTokens, type PurchaseRow } from './purchase.ts'

export interface Page {
  html: string
  contentSecurityPolicy: string
}

export function renderSandboxPage(input: {
  purchase: PurchaseRow
  token: string
  backUrl: string
  marketplaceUrl: string
}): Page {
  const { purchase, token, backUrl, marketplaceUrl } = input
  const price = formatMoney(purchase.amountCents, purchase.currency)
  const tokens = describeTokens(purchase.tokens)
  const isOpen = purchase.status === 'pending'
  const discount =
    purchase.discountPercent > 0
      ? `<div><dt>Discount</dt><dd>${purchase.discountPercent} %, already in the price</dd></div>`
      : ''
  const action = isOpen
    ? `<form method="post">
        <input type="hidden" name="token" value="${escapeHtml(token)}">
        <button name="action" value="pay" class="pay">Pay ${escapeHtml(price)}</button>
        <button name="action" value="cancel" class="cancel">Cancel</button>
      </form>
      <p class="small">No card, no money: Pay sends the same signed event that Stripe would send.</p>`
    : `<p role="status">${escapeHtml(OUTCOMES[purchase.status])}</p>
      <p><a href="${escapeHtml(backUrl)}">Back to the marketplace</a></p>`
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Pay ${escapeHtml(price)} – sandbox checkout</title>
<style>${STYLE}</style>
</head>
<body>
<main>
  <p class="badge">Sandbox: no real money</p>
  <h1>${escapeHtml(tokens)}</h1>
  <dl>
    <div><dt>Price</dt><dd>${escapeHtml(price)}</dd></div>
    ${discount}
    <div><dt>Purchase</dt><dd class="id">${escapeHtml(purchase.id)}</dd></div>
  </dl>
  ${action}
</main>
</body>
</html>
`
  // A browser holds the redirect that follows the form against form-action as well.
  const marketplace = new URL(marketplaceUrl).origin
  return {
    html,
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src '${STYLE_HASH}'`,
      `form-action 'self' ${marketplace}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  }
}

const OUTCOMES: Record<PurchaseRow['status'], string> = {
  pending: 'This purchase can be paid.',
  paid: 'This purchase is paid. The tokens are in the wallet.',
  failed: 'This checkout was cancelled. Nothing was charged.',
  refunded: 'This purchase was refunded.',
  disputed: 'The payment of this purchase is disputed.',
}

const STYLE = `
:root { color-scheme: light dark; --page: #f3f4f8; --card: #fff; --text: #17181c; --soft: #565b66; --line: #d9dce3;
  --pay: #3730a3; --on-pay: #fff; --badge: #fef3c7; --on-badge: #713f12 }
@media (prefers-color-scheme: dark) { :root { --page: #101116; --card: #1b1d24; --text: #f1f2f5; --soft: #a9aebb;
  --line: #363a45; --pay: #a5b4fc; --on-pay: #14153a; --badge: #422f0b; --on-badge: #fde68a } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem }
.badge { display: inline-block; margin: 0; padding: .15rem .7rem; border-radius: 1rem; background: var(--badge);
  color: var(--on-badge); font-size: .875rem; font-weight: 600 }
h1 { margin: .75rem 0; font-size: 1.75rem; line-height: 1.2 }
dl { margin: 0 0 1.5rem }
dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .5rem 0;
  border-bottom: 1px solid var(--line) }
dt { color: var(--soft) }
dd { margin: 0; font-weight: 600 }
.id { font: .8125rem/1.8 ui-monospace, monospace; overflow-wrap: anywhere }
form { display: grid; gap: .75rem }
button { min-height: 3rem; border-radius: .6rem; border: 1px solid transparent; font: inherit; font-weight: 600;
  cursor: pointer }
.pay { background: var(--pay); color: var(--on-pay) }
.cancel { background: transparent; color: inherit; border-color: var(--soft) }
:focus-visible { outline: 3px solid var(--pay); outline-offset: 3px }
a { color: inherit }
.small { margin: 1rem 0 0; color: var(--soft); font-size: .875rem }
`
const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`
