/**
 * The smallest app of each kind that uses the SDK. Every one shows phase and error in `#phase`.
 *
 * @module
 */
const options = `{ apiUrl: 'https://api.example.com', providerId: 'prv_1', marketplaceUrl: 'https://market.example.com' }`

/** A page with nothing but the script tag, and an element of the page's own. */
export const plainPage = (integrity: string): Record<string, string> => ({
  'index.html': `<!doctype html>
<title>Plain</title>
<link rel="icon" href="data:,">
<script src="/node_modules/@token-marketplace/sdk/dist/sdk.min.js" integrity="${integrity}" crossorigin
  data-api-url="https://api.example.com" data-provider-id="prv_1" data-marketplace-url="https://market.example.com"></script>
<p id="phase"></p>
<script>
  const { session } = TokenMarketplace
  const show = () => {
    const { phase, error } = session.getSnapshot()
    document.getElementById('phase').textContent = phase + ' ' + (error ? error.code : '')
  }
  session.subscribe(show)
  show()
</script>`,
})

export const viteApp: Record<string, string> = {
  'index.html': `<!doctype html>
<title>Vite</title>
<link rel="icon" href="data:,">
<p id="phase"></p>
<script type="module" src="/main.ts"></script>`,
  'main.ts': `import { createMarketplaceSession } from '@token-marketplace/sdk'

const session = createMarketplaceSession(${options})
session.subscribe(() => {
  const { phase, error } = session.getSnapshot()
  document.getElementById('phase')!.textContent = \`\${phase} \${error?.code}\`
})
await session.start()`,
  'vite.config.js': `export default { build: { target: 'es2022' } }`,
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: 'es2022',
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['es2022', 'dom'],
      types: [],
    },
    include: ['main.ts'],
  }),
}

export const nextApp: Record<string, string> = {
  'app/layout.tsx': `import { MarketplaceSessionProvider } from '@token-marketplace/sdk/react'
import type { ReactNode } from 'react'

// A server component: the adapter brings its own 'use client'.
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <MarketplaceSessionProvider {...${options}}>{children}</MarketplaceSessionProvider>
      </body>
    </html>
  )
}`,
  'app/page.tsx': `'use client'
import { SessionGate, useMarketplaceSession, useSecondsLeft } from '@token-marketplace/sdk/react'

export default function Page() {
  const { phase, error } = useMarketplaceSession()
  const secondsLeft = useSecondsLeft()
  return (
    <>
      <p id="phase">{phase} {error?.code}</p>
      <SessionGate fallback={<p>closed</p>}>{secondsLeft}</SessionGate>
    </>
  )
}`,
  'app/icon.svg': '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>',
  'next.config.mjs': 'export default {}',
}

export const nuxtApp: Record<string, string> = {
  'app/plugins/marketplace.ts': `import { marketplaceSession } from '@token-marketplace/sdk/vue'

export default defineNuxtPlugin((nuxtApp) => {
  nuxtApp.vueApp.use(marketplaceSession, ${options})
})`,
  'app/app.vue': `<script setup lang="ts">
import { SessionGate, useMarketplaceSession } from '@token-marketplace/sdk/vue'

const { snapshot } = useMarketplaceSession()
</script>

<template>
  <div>
    <p id="phase">{{ snapshot.phase }} {{ snapshot.error?.code }}</p>
    <SessionGate>open<template #fallback>closed</template></SessionGate>
  </div>
</template>`,
  'nuxt.config.ts': `export default defineNuxtConfig({ compatibilityDate: '2026-01-01', telemetry: false })`,
}
