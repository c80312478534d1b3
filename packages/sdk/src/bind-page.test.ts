// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { bindPage } from './bind-page.ts'
import { createFakeMarketplace, settle } from './testing/index.ts'

test('attributes are all a page needs', async () => {
  document.body.innerHTML = `
    <span data-tm-remaining>–</span>
    <button data-tm-pause><b>Pause</b></button>
    <button data-tm-resume>Resume</button>
    <button data-tm-end>End</button>
    <p data-tm-when="active">running</p>
    <p data-tm-when="paused ended">not running</p>`
  const find = <Type extends HTMLElement>(selector: string) => document.querySelector<Type>(selector)!
  const heard: string[] = []
  for (const type of ['pause', 'resume', 'warning', 'end'])
    document.addEventListener(`tm:${type}`, () => heard.push(type))

  const market = createFakeMarketplace()
  const { session } = await market.openTab({ options: { redirect: false } })
  bindPage(session)

  await market.advance('1s')
  expect(find('[data-tm-remaining]').textContent).toBe('29:59')
  expect(find<HTMLButtonElement>('[data-tm-pause]').disabled).toBe(false)
  expect(find<HTMLButtonElement>('[data-tm-resume]').disabled).toBe(true)
  expect(find('[data-tm-when=active]').hidden).toBe(false)
  expect(document.documentElement.dataset.tmPhase).toBe('active')
  expect(document.documentElement.hasAttribute('data-tm-serving')).toBe(true)

  find('[data-tm-pause] b').click()
  await settle()
  expect(find<HTMLButtonElement>('[data-tm-pause]').disabled).toBe(true)
  expect(find('[data-tm-when~=paused]').hidden).toBe(false)
  find('[data-tm-resume]').click()
  await settle()
  await market.advance('26m')
  expect(document.documentElement.hasAttribute('data-tm-ending')).toBe(true)
  find('[data-tm-end]').click()
  await settle()
  expect(document.documentElement.dataset.tmPhase).toBe('ended')
  expect(heard).toEqual(['pause', 'resume', 'warning', 'end'])
})

test('a button is busy until its action is done, and the page says when nothing came of it', async () => {
  document.body.innerHTML = `<button data-tm-pause>Pause</button><p data-tm-when="offline">not paused</p>`
  const [button, words] = [document.querySelector('button')!, document.querySelector('p')!]
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  bindPage(session)
  let refusals = 0
  session.on('error', () => {
    refusals += 1
  })
  market.goOffline()
  button.click()
  // Whoever presses again while it is at work asks for nothing more.
  button.click()
  expect([button.ariaBusy, words.hidden]).toEqual(['true', true])
  await market.advance('10s')
  expect([button.ariaBusy, words.hidden, session.getSnapshot().phase]).toEqual([null, false, 'active'])
  expect(refusals).toBe(1)
  market.goOnline()
  button.click()
  await settle()
  expect([button.ariaBusy, words.hidden, session.getSnapshot().phase]).toEqual([null, true, 'paused'])
})
