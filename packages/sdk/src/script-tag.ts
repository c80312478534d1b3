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

/** The dialog waits for its words so long; then it is English until they come. */
const WORDS_WAIT_MS = 2_000

/**
 * English is here; another language comes from beside this script, and only when it is wanted. CDNs give the script
 * under the package's name alone: there it lies in `dist/`.
 */
async function loadTexts({ dataset, src }: HTMLScriptElement): Promise<Partial<Texts>> {
  const texts: Partial<Texts> = {}
  // The regions of a language share its words.
  const language = /^[a-z]+/.exec(dataset.language ?? '')
  const load = async () => {
    const { href } = new URL(`languages/${language}.js`, /\.js($|\?)/.test(src) ? src : `${src}/dist/`)
    Object.assign(texts, (await import(/* @vite-ignore */ href)).default)
  }
  if (language)
    await Promise.race([load().catch(() => {}), new Promise((resolve) => setTimeout(resolve, WORDS_WAIT_MS))])
  return texts
}

/** Rendered ahead by speculation rules, a page may never be seen, and would be billed all the same. */
function whenSeen(start: () => void): void {
  if ((document as { prerendering?: boolean }).prerendering)
    document.addEventListener('prerenderingchange', start, { once: true })
  else start()
}

/** Undefined, and so the default, for what is no number. */
const toNumber = (text?: string) => (text && Number(text) >= 0 ? Number(text) : undefined)

/** Reads the options from the tag. Nothing here may throw into the page. */
function startFromTag(): MarketplaceSession | null {
  const script = document.currentScript ?? document.querySelector('script[data-provider-id]')
  if (!(script instanceof HTMLScriptElement)) return null
  const { dataset } = script
  // Half of the two, or an empty one, is a mistake to be told.
  if ((dataset.providerId ?? dataset.apiUrl) === undefined) return null
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
    texts: loadTexts(script),
    theme: dataset.theme as SessionOptions['theme'],
  })
  // A second tag is the same session, and the page is bound to it already.
  const page: Document & { isBound?: boolean } = document
  if (!page.isBound) bindPage(session)
  page.isBound = true
  if (dataset.start !== 'off') whenSeen(session.start)
  return session
}

/** The session that the tag started; null where the tag names neither API nor provider. */
export const session: MarketplaceSession | null = startFromTag()
