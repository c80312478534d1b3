/**
 * Serves the page to everybody and the drawings to those who pay at this moment.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSessionGate, ServerError } from '@token-marketplace/sdk/server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { drawHills } from './draw-hills.ts'

const sdk = fileURLToPath(import.meta.resolve('@token-marketplace/sdk/sdk.min.js'))
const files: Record<string, [path: string, type: string]> = {
  '/sdk.min.js': [sdk, 'text/javascript'],
  '/page.js': [join(import.meta.dirname, 'public/page.js'), 'text/javascript'],
  '/style.css': [join(import.meta.dirname, 'public/style.css'), 'text/css'],
}

export interface AppOptions {
  apiUrl: string
  marketplaceUrl: string
  providerId: string
  /** Milliseconds since 1970. */
  now?: () => number
}

/** @example serve(createApp({ apiUrl, marketplaceUrl, providerId })) */
export function createApp({ apiUrl, marketplaceUrl, providerId, now }: AppOptions): Hono {
  const gate = createSessionGate({ apiUrl, providerId, now })
  const app = new Hono()

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ['blob:'],
        connectSrc: ["'self'", new URL(apiUrl).origin],
      },
      strictTransportSecurity: false,
    }),
  )

  app.get('/', (context) =>
    context.html(html`<!doctype html>
      <html lang="en">
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Ferne, hills nobody has seen</title>
        <link rel="stylesheet" href="/style.css" />
        <script
          src="/sdk.min.js"
          defer
          data-api-url="${apiUrl}"
          data-provider-id="${providerId}"
          data-marketplace-url="${marketplaceUrl}"
        ></script>
        <script type="module" src="/page.js"></script>
        <header data-tm-when="active paused" hidden>
          <b>Ferne</b>
          <span><span data-tm-remaining="–:––"></span> left</span>
          <button type="button" data-tm-pause data-tm-when="active" hidden>Pause</button>
          <button type="button" data-tm-resume data-tm-when="paused" hidden>Resume</button>
          <button type="button" data-tm-end>Finish</button>
          <span role="alert" data-tm-when="offline" hidden>No connection: nothing has changed yet.</span>
        </header>
        <main>
          <img id="drawing" alt="Drawn hills" hidden />
          <button type="button" id="again" data-tm-when="serving" hidden>Other hills</button>
          <p id="said" role="status">A session opens this app.</p>
        </main>
      </html>`),
  )

  // Whatever costs something stands below this line. A page can be edited by its user; this cannot.
  app.use('/drawings/*', async (context, next) => {
    await gate.check(context.req.header('authorization'))
    await next()
  })

  app.get('/drawings/:seed{[0-9]{1,9}}', (context) =>
    context.body(drawHills(Number(context.req.param('seed'))), 200, { 'content-type': 'image/svg+xml' }),
  )

  app.get('*', async (context) => {
    const [path, type] = files[context.req.path] ?? []
    return path && type
      ? context.body(await readFile(path), 200, { 'content-type': type })
      : context.text('There is nothing here.\n', 404)
  })

  app.onError((error) => {
    if (error instanceof ServerError) return error.toResponse()
    console.error(error)
    return new Response('This should not have happened.\n', { status: 500 })
  })
  return app
}
