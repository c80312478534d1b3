import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// API_URL, MARKETPLACE_URL and PROVIDER_ID reach the page by their own names.
export default defineConfig({
  plugins: [vue()],
  envPrefix: ['API_URL', 'MARKETPLACE_URL', 'PROVIDER_ID'],
})
