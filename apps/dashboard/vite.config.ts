import { defineConfig } from 'vite'

// Whoever builds: under a test's environment it would be the slow React that warns.
process.env.NODE_ENV = 'production'

export default defineConfig({
  base: '/dashboard/',
  // Nothing may be inline, the policy lets no inline in.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
})
