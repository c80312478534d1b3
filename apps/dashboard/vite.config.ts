import { defineConfig } from 'vite'

export default defineConfig({
  base: '/dashboard/',
  // Sourcemaps name where the build was made; nothing may be inline, the policy lets no inline in.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
})
