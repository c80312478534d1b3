/**
 * Forms: fields with their labels, what is wrong beside each, and what sending does.
 *
 * @module
 */
import { fill, h } from './element.js'
import { MarketplaceProblem } from './marketplace.js'
import { problemBox, whileBusy } from './notice.js'

const PASSWORD_MIN = 8
const PASSWORD_MAX = 128
export const NEW_PASSWORD_HINT = `At least ${PASSWORD_MIN} characters. A sentence is fine.`

/**
 * @param {object} options
 * @param {string} options.button what sending is called
 * @param {string} [options.kind] of the button
 * @param {any[]} options.fields
 * @param {(values: Record<string, string>) => Promise<unknown>} options.submit
 * @param {(values: Record<string, string>) => string | void} options.done what it gives is said beside the button, until something is typed
 * @param {any} [options.other] below it
 */
export function makeForm({ button, kind = '', fields, submit, done, other }) {
  const place = h('div')
  const outcome = h('output', { class: 'quiet' })
  const submitButton = h('button', { type: 'submit', class: `button ${kind}` }, button)
  const element = h(
    'form',
    {
      class: 'form',
      novalidate: true,
      oninput: () => fill(outcome),
      onsubmit: (event) => {
        event.preventDefault()
        fill(outcome)
        const wrong = fields.map(check).find((input) => input)
        if (wrong) {
          wrong.focus()
          return
        }
        const values = Object.fromEntries(
          [...new FormData(element)].map(([name, value]) => [
            name,
            /password/i.test(name) ? String(value) : String(value).trim(),
          ]),
        )
        void whileBusy(submitButton, place, async () => {
          try {
            await submit(values)
          } catch (error) {
            if (!(error instanceof MarketplaceProblem) || error.code !== 'validation_failed') throw error
            const isShown = error.errors.map((each) => showRefusal(fields, each)).includes(true)
            if (!isShown) fill(place, problemBox(error))
            return
          }
          fill(outcome, done(values) || '')
        })
      },
    },
    fields,
    place,
    h('div', { class: 'actions' }, submitButton, outcome),
    other && h('p', { class: 'quiet' }, other),
  )
  return element
}

/** @param {{ label?: string, name?: string, id?: string }} [more] */
export const emailField = ({ label = 'E-mail', name = 'email', id = name } = {}) =>
  field(name, label, { id, type: 'email', autocomplete: 'email', required: true, maxlength: '254' })

/**
 * @param {'current-password' | 'new-password'} autocomplete
 * @param {{ label?: string, name?: string, id?: string, hint?: string }} [more]
 */
export const passwordField = (
  autocomplete,
  { label = 'Password', name = 'password', id = name, hint } = {},
) =>
  field(
    name,
    label,
    {
      id,
      type: 'password',
      autocomplete,
      required: true,
      maxlength: String(PASSWORD_MAX),
      minlength: String(PASSWORD_MIN),
    },
    hint,
  )

/** A whole number, or nothing. @param {string} name @param {string} label @param {string} [hint] */
export const tokensField = (name, label, value, hint) =>
  field(
    name,
    label,
    { type: 'number', inputmode: 'numeric', min: '0', max: '1000000000', step: '1', value: value ?? '' },
    hint,
  )

/** @param {string} name @param {string} label @param {Record<string, any>} attributes */
export function field(name, label, attributes, hint = '') {
  const id = attributes.id ?? name
  const hintId = hint && `${id}-hint`
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('input', {
      name,
      'aria-describedby': [hintId, `${id}-wrong`].join(' ').trim(),
      ...attributes,
      id,
    }),
    hint && h('p', { class: 'hint', id: hintId }, hint),
    h('p', { class: 'wrong', id: `${id}-wrong` }),
  )
}

/** Marks what is not filled in right; gives the input back, so that the first one gets the focus. */
function check(place) {
  const input = place.querySelector('input')
  const { validity } = input
  const isNoNumber =
    validity.badInput || validity.stepMismatch || validity.rangeUnderflow || validity.rangeOverflow
  const text = validity.valueMissing
    ? 'Please fill this in.'
    : validity.typeMismatch
      ? 'This does not look like an e-mail address.'
      : isNoNumber
        ? `A whole number from ${input.min} to ${input.max}, please.`
        : validity.tooShort || (input.minLength > 0 && input.value.length < input.minLength)
          ? `At least ${input.minLength} characters, please.`
          : ''
  mark(place, text)
  return text ? input : undefined
}

function showRefusal(fields, { path, message }) {
  const place = fields.find((each) => `/${each.querySelector('input').name}` === path)
  if (!place) return false
  mark(place, `This ${message}.`)
  place.querySelector('input').focus()
  return true
}

function mark(place, text) {
  place.querySelector('.wrong').textContent = text
  place.querySelector('input').toggleAttribute('aria-invalid', text !== '')
  if (text) place.querySelector('input').setAttribute('aria-invalid', 'true')
}
