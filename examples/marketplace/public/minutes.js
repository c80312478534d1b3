/**
 * Chooses a number of minutes: a few usual ones, or any.
 *
 * @module
 */
import { h } from './element.js'
import { formatMinutes } from './format.js'

const USUAL = [5, 15, 30, 60]

/**
 * `onchange` gets undefined for what is no such number.
 *
 * @param {{ minutes: number, max: number, legend: string, onchange: (minutes: number | undefined) => void }} options
 * @returns {{ element: HTMLElement, read: () => number | undefined, set: (minutes: number) => void }}
 */
export function chooseMinutes({ minutes, max, legend, onchange }) {
  const wrong = h('p', { class: 'wrong', id: 'minutes-wrong' })
  const input = h('input', {
    id: 'minutes',
    name: 'minutes',
    type: 'number',
    inputmode: 'numeric',
    min: '1',
    max: String(max),
    step: '1',
    value: String(minutes),
    'aria-describedby': 'minutes-wrong',
    oninput: () => read(),
  })
  const buttons = USUAL.filter((value) => value <= max).map((value) =>
    h(
      'button',
      { type: 'button', class: 'chip', 'data-minutes': value, onclick: () => set(value) },
      `${value}`,
    ),
  )

  function read() {
    const value = input.valueAsNumber
    const isRight = Number.isInteger(value) && value >= 1 && value <= max
    wrong.textContent = isRight ? '' : `A whole number from 1 to ${max}, please.`
    input.setAttribute('aria-invalid', String(!isRight))
    for (const button of buttons)
      button.setAttribute('aria-pressed', String(Number(button.dataset.minutes) === value))
    onchange(isRight ? value : undefined)
    if (!isRight) input.focus()
    return isRight ? value : undefined
  }

  function set(value) {
    input.value = String(value)
    read()
  }

  for (const button of buttons) {
    button.setAttribute('aria-label', formatMinutes(Number(button.dataset.minutes)))
    button.setAttribute('aria-pressed', String(Number(button.dataset.minutes) === minutes))
  }
  const element = h(
    'fieldset',
    { class: 'minutes' },
    h('legend', {}, legend),
    h('div', { class: 'chips' }, buttons),
    h('div', { class: 'field is-inline' }, h('label', { for: 'minutes' }, 'Minutes'), input),
    wrong,
  )
  return {
    element,
    read() {
      const value = input.valueAsNumber
      return Number.isInteger(value) && value >= 1 && value <= max ? value : read()
    },
    set,
  }
}
