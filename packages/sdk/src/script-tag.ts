/**
 * The whole SDK in one script tag; global name `TokenMarketplace`.
 *
 * @example
 * <script src="https://…/sdk.min.js" data-api-url="https://api.example.com" data-provider-id="prv_…"></script>
 *
 * @module
 */
import { bindPage } from './bind-page.ts'
import { createMarketplaceSession } from './index.ts'
import type { MarketplaceSession, SessionOptions } from './session.ts'
import type { Texts } from './texts.ts'

export { createMarketplaceSession, formatSeconds, MarketplaceError, pauseWhenAway } from './index.ts'

/** English is here; another language comes from beside this script, and only when it is wanted. */
function loadTexts({ dataset, src }: HTMLScriptElement): Partial<Texts> {
  const texts: Partial<Texts> = {}
  const code = dataset.language
  if (code && /^[a-z]+$/.test(code))
    import(/* @vite-ignore */ new URL(`languages/${code}.js`, src).href).then(
      (module) => Object.assign(texts, module.default),
      () => {},
    )
  return texts
}

const toNumber = (text?: string) => (text ? Number(text) : undefined)

/** Reads the options from the tag. Nothing here may throw into the page. */
function startFromTag(): MarketplaceSession | null {
  const script = document.currentScript ?? document.querySelector('script[data-provider-id]')
  if (!(script instanceof HTMLScriptElement) || !script.dataset.providerId) return null
  const { dataset } = script
  const texts = loadTexts(script)
  const session = createMarketplaceSession({
    apiUrl: dataset.apiUrl!,
    providerId: dataset.providerId!,
    warningSeconds: toNumber(dataset.warningSeconds),
    onUnavailable: dataset.onUnavailable as SessionOptions['onUnavailable'],
    marketplaceUrl: dataset.marketplaceUrl,
    redirect: dataset.redirect !== 'off',
    dialog: dataset.dialog !== 'off',
    isOptional: 'optional' in dataset,
    pauseWhenHidden: toNumber(dataset.pauseWhenHidden),
    pauseWhenIdle: toNumber(dataset.pauseWhenIdle),
    texts,
    theme: dataset.theme as SessionOptions['theme'],
  })
  // A second tag is the same session, and the page is bound to it already.
  if (!document.documentElement.dataset.tmPhase) bindPage(session)
  if (dataset.start !== 'off') session.start()
  return session
}

/** The session that the tag started; null where the tag has no `data-provider-id`. */
export const session: MarketplaceSession | null = startFromTag()
