import { marketplaceSession } from '@token-marketplace/sdk/vue'
import { createApp } from 'vue'
import App from './App.vue'
import { keepDraft } from './draft.ts'
import './style.css'

const { API_URL, MARKETPLACE_URL, PROVIDER_ID } = import.meta.env

createApp(App)
  .use(marketplaceSession, {
    apiUrl: API_URL,
    providerId: PROVIDER_ID,
    marketplaceUrl: MARKETPLACE_URL,
    // Whatever ends the session, the last word is kept.
    onBeforeRedirect: keepDraft,
  })
  .mount('#app')
