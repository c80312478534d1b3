import { expect, test } from 'vitest'
import { createListeners } from './session-events.ts'

test('who unsubscribes while others are being told hears no more, and takes nobody else along', () => {
  const { on, notify } = createListeners()
  const heard: string[] = []
  on('end', () => {
    heard.push('first')
    stopSecond()
  })
  const stopSecond = on('end', () => heard.push('second'))
  on('end', () => heard.push('third'))
  notify('end')
  notify('end')
  expect(heard).toEqual(['first', 'third', 'first', 'third'])
  stopSecond()
  notify('end')
  expect(heard).toHaveLength(6)
})

test('who subscribes while others are being told hears of the next time', () => {
  const { on, notify } = createListeners()
  let heard = 0
  const again = () => {
    heard++
    on('', again)
  }
  on('', again)
  notify('')
  expect(heard).toBe(1)
  notify('')
  expect(heard).toBe(3)
})
