// @vitest-environment happy-dom
import { act, createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test, vi } from 'vitest'
import { BarChart } from './chart.tsx'

const bars = ['Mon', 'Tue'].map((day) => ({ key: day, label: day, name: day, value: 1 }))

async function draw() {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  const place = document.body.appendChild(document.createElement('div'))
  // One person who came on both days.
  await act(async () => createRoot(place).render(createElement(BarChart, { label: 'Users', bars, total: 1 })))
  const hand = place.querySelector('[role="slider"]')!
  const point = (type: string, pointerType: string) =>
    act(async () => {
      hand.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: 100, pointerType }))
    })
  return { hand, point, read: () => place.querySelector('figcaption')!.textContent }
}

test('says what all bars are together, which is not their sum where people are counted', async () => {
  const { hand, read } = await draw()
  expect(read()).toBe('In all 1')
  expect(hand.getAttribute('aria-valuetext')).toBe('2 bars, 1 in all')
})

test('is read with a finger, and what was pointed at stays when that is lifted', async () => {
  const { point, read } = await draw()
  await point('pointerdown', 'touch')
  await point('pointerout', 'touch')
  expect(read()).toBe('Tue: 1')
})

test('says all again once the mouse has left', async () => {
  const { point, read } = await draw()
  await point('pointermove', 'mouse')
  expect(read()).toBe('Tue: 1')
  await point('pointerout', 'mouse')
  expect(read()).toBe('In all 1')
})
