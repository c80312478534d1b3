import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './style/base.css'
import './style/frame.css'
import './style/parts.css'
import './style/table.css'
import './style/content.css'
import './style/chart.css'

const root = document.getElementById('root')
if (!root) throw new Error('the page has a root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
