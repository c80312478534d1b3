// @vitest-environment happy-dom
import { afterEach, describe, expect, test } from 'vitest'
import type { SessionOptions } from '../session.ts'
import { createFakeMarketplace, settle, type TabOptions } from '../testing/index.ts'
import { openDialog } from './dialog.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function open(options: Partial<SessionOptions> = {}, tabOptions: TabOptions = {}) {
  const market = createFakeMarketplace()
  const tab = await market.openTab({
    ...tabOptions,
    options: { redirect: false, ...options },
    ports: {
      async view(session) {
        const close = await openDialog(session)
        closers.push(close)
        return close
      },
    },
  })
  const root = () => document.querySelector('token-marketplace')?.shadowRoot
  return {
    market,
    tab,
    isOpen: () => !!root()?.querySelector('dialog')?.open,
    title: () => root()?.querySelector('h2')?.textContent,
    text: () => root()?.querySelector('p')?.textContent,
    buttons: () => [...(root()?.querySelectorAll('button') ?? [])].map(({ textContent }) => textContent),
    spoken: () => root()?.querySelector('[role=status]')?.textContent,
    async press(name: string) {
      const button = [...root()!.querySelectorAll('button')].find(({ textContent }) => textContent === name)
      button!.click()
      await settle()
    },
  }
}

describe('the dialog', () => {
  test('is not there while all is well', async () => {
    const { isOpen } = await open()
    expect(isOpen()).toBe(false)
  })

  test('warns with the time left and can be answered once', async () => {
    const { market, isOpen, title, buttons, press } = await open()
    await market.advance('25m')
    await market.advance('1s')
    expect(title()).toBe('4:59 left')
    expect(buttons()).toEqual(['Add time', 'Continue', 'End session'])
    await press('Continue')
    expect(isOpen()).toBe(false)
    await market.advance('4m')
    expect(isOpen()).toBe(false)
  })

  test('speaks in steps, not every second', async () => {
    const { market, spoken } = await open()
    const heard = new Set<string>()
    await market.advance('25m')
    for (let second = 0; second < 290; second++) {
      await market.advance('1s')
      heard.add(spoken() ?? '')
    }
    expect(heard.size).toBeLessThanOrEqual(6)
    expect([...heard]).toContain('1:00 left')
  })

  test('leads to the marketplace for more time and keeps the session', async () => {
    const { market, tab, press } = await open()
    await market.advance('26m')
    await press('Add time')
    expect(tab.leftTo).toBe('https://marketplace.test/?session=ses_1&reason=extend')
    expect(market.read('ses_1').status).toBe('active')
  })

  test('shows a pause and resumes', async () => {
    const { tab, title, isOpen, press } = await open()
    await tab.session.pause()
    expect(title()).toBe('Paused')
    await press('Resume')
    expect(isOpen()).toBe(false)
    expect(tab.session.getSnapshot().phase).toBe('active')
  })

  test('says why an action did not work', async () => {
    const { market, tab, text, press } = await open()
    await tab.session.pause()
    market.api.failWith = { status: 409, code: 'session_paused_by_user' }
    await press('Resume')
    expect(text()).toBe('Resume this session in the marketplace.')
  })

  test('says in the warning, too, that the session could not be ended', async () => {
    const { market, tab, title, text, spoken, press } = await open()
    await market.advance('26m')
    market.goOffline()
    await press('End session')
    await market.advance('5s')
    expect(title()).toBe('3:55 left')
    const { userMessage } = tab.session.getSnapshot().error!
    expect([text(), spoken()]).toEqual([userMessage, userMessage])
    await market.goOnline()
    expect(text()).toContain('Save your work')
  })

  test('closes the page past the lease and opens it again', async () => {
    const { market, title, isOpen } = await open()
    market.goOffline()
    await market.advance('100s')
    expect(isOpen()).toBe(false)
    await market.advance('60s')
    expect(title()).toBe('Connection lost')
    await market.goOnline()
    expect(isOpen()).toBe(false)
  })

  test('shows the end and the way back', async () => {
    const { tab, title, press } = await open()
    await tab.session.complete()
    expect(title()).toBe('Session over')
    await press('Back to the marketplace')
    expect(tab.leftTo).toContain('reason=completed')
  })

  test('says what is wrong with a launch', async () => {
    const { title, text } = await open({}, { href: 'https://app.test/' })
    expect(title()).toBe('No session')
    expect(text()).toBe('Please open this app from the marketplace.')
  })

  test('lets visitors in where a session is optional', async () => {
    const { isOpen } = await open({ isOptional: true }, { href: 'https://app.test/' })
    expect(isOpen()).toBe(false)
  })

  test('uses the words it is given, for errors too', async () => {
    const german = { failedTitle: 'Keine Sitzung', launch_missing: 'Bitte über den Marktplatz öffnen.' }
    const { title, text } = await open({ texts: german }, { href: 'https://app.test/' })
    expect([title(), text()]).toEqual(['Keine Sitzung', 'Bitte über den Marktplatz öffnen.'])
  })

  test('speaks English where the words cannot be loaded', async () => {
    const texts = Promise.reject(new TypeError('Failed to fetch dynamically imported module'))
    const { tab, isOpen, title } = await open({ texts })
    await tab.session.pause()
    expect(isOpen()).toBe(true)
    expect(title()).toBe('Paused')
  })

  test('takes what the page puts into its slots, also after it was closed for good and opened again', async () => {
    document.body.innerHTML = '<token-marketplace hidden><b slot="header">Acme</b></token-marketplace>'
    const host = document.querySelector<HTMLElement>('token-marketplace')!
    for (let times = 0; times < 2; times++) {
      const sheets = () => host.shadowRoot!.adoptedStyleSheets.length
      const { tab, isOpen } = await open()
      await tab.session.pause()
      expect(isOpen()).toBe(true)
      expect(document.querySelectorAll('token-marketplace').length).toBe(1)
      expect(sheets()).toBe(1)
      expect(host.hidden).toBe(false)
      const slots = [...host.shadowRoot!.querySelectorAll('slot')]
      expect(slots.map(({ name }) => name)).toEqual(['header', 'details', 'footer'])
      tab.session.dispose()
      await settle()
      expect(isOpen()).toBe(false)
      expect(host.textContent).toBe('Acme')
    }
    document.body.innerHTML = ''
  })

  test('of a session that is disposed of and started again in one moment stays the one in the page’s own element', async () => {
    document.body.innerHTML = '<token-marketplace hidden><b slot="header">Acme</b></token-marketplace>'
    const host = document.querySelector<HTMLElement>('token-marketplace')!
    const { tab, isOpen } = await open({}, { href: 'https://app.test/' })
    tab.session.dispose()
    tab.session.start()
    tab.session.dispose()
    tab.session.start()
    await settle()
    expect([...document.querySelectorAll('token-marketplace')]).toEqual([host])
    expect(isOpen()).toBe(true)
    tab.session.dispose()
    await settle()
    expect(host.shadowRoot!.childNodes).toHaveLength(0)
    document.body.innerHTML = ''
  })

  test('of a second provider on the page is another one', async () => {
    const first = await open()
    await first.tab.session.pause()
    const second = await open()
    await second.tab.session.pause()
    expect(document.querySelectorAll('token-marketplace').length).toBe(2)
  })

  test('is never loaded by a headless app', async () => {
    await open({ dialog: false }, { href: 'https://app.test/' })
    expect(document.querySelector('token-marketplace')).toBeNull()
  })

  test('leaves nothing behind when the session is disposed of', async () => {
    const { tab, isOpen } = await open()
    await tab.session.pause()
    expect(isOpen()).toBe(true)
    tab.session.dispose()
    await settle()
    expect(document.querySelector('token-marketplace')).toBeNull()
  })
})
