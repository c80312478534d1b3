import type { ReactNode } from 'react'
import {
  Checkbox,
  CheckboxGroup,
  FieldError,
  Input,
  Label,
  Radio,
  RadioGroup,
  Text,
  TextArea,
  TextField,
} from 'react-aria-components'

interface FieldProps {
  label: string
  name: string
  value: string
  onChange: (value: string) => void
  hint?: ReactNode
  type?: 'text' | 'email' | 'password' | 'url' | 'number' | 'search' | 'date'
  autoComplete?: string
  isRequired?: boolean
  /** From the moment it appears. */
  hasFocus?: boolean
  minLength?: number
  maxLength?: number
  lines?: number
  placeholder?: string
  inputMode?: 'numeric'
}

/** A labelled field: its hint and its error are tied to it. Errors of the API arrive through the form. */
export function Field({ label, hint, lines, placeholder, inputMode, hasFocus, ...rest }: FieldProps) {
  return (
    <TextField {...rest} className="field" autoFocus={hasFocus ?? false}>
      <Label className="label">{label}</Label>
      {lines ? (
        <TextArea className="input" rows={lines} {...(placeholder && { placeholder })} />
      ) : (
        <Input className="input" {...(placeholder && { placeholder })} {...(inputMode && { inputMode })} />
      )}
      {hint && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="wrong" />
    </TextField>
  )
}

/** Why an operator decides so: asked for, with the length that the API takes. */
export function ReasonField(field: Pick<FieldProps, 'value' | 'onChange' | 'placeholder' | 'hint'>) {
  return <Field {...field} label="Reason" name="reason" isRequired maxLength={500} />
}

export interface Choice<V extends string> {
  value: V
  label: string
  hint?: string
}

export function Choices<V extends string>({
  label,
  name,
  values,
  choices,
  onChange,
}: {
  label: string
  name: string
  values: V[]
  choices: readonly Choice<V>[]
  onChange: (values: V[]) => void
}) {
  return (
    <CheckboxGroup
      name={name}
      className="choices"
      value={values}
      onChange={(chosen) => onChange(chosen as V[])}
      isRequired
    >
      <Label className="label">{label}</Label>
      {choices.map(({ value, label: text, hint }) => (
        <Checkbox key={value} value={value} className="choice">
          <span className="choice-mark" aria-hidden="true" />
          <span>{text}</span>
          {hint && <span className="hint">{hint}</span>}
        </Checkbox>
      ))}
      <FieldError className="wrong" />
    </CheckboxGroup>
  )
}

export function OneOf<V extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string
  value: V
  choices: readonly Choice<V>[]
  onChange: (value: V) => void
}) {
  return (
    <RadioGroup className="choices" value={value} onChange={(chosen) => onChange(chosen as V)}>
      <Label className="label">{label}</Label>
      {choices.map(({ value: each, label: text, hint }) => (
        <Radio key={each} value={each} className="choice is-radio">
          <span className="choice-mark" aria-hidden="true" />
          <span>{text}</span>
          {hint && <span className="hint">{hint}</span>}
        </Radio>
      ))}
    </RadioGroup>
  )
}

/** The browser's own list: it fits every screen and every hand. */
export function Select<V extends string>({
  label,
  value,
  choices,
  onChange,
  isLabelHidden,
}: {
  label: string
  value: V
  choices: readonly Choice<V>[]
  onChange: (value: V) => void
  isLabelHidden?: boolean
}) {
  return (
    <label className="field">
      <span className={isLabelHidden ? 'visually-hidden' : 'label'}>{label}</span>
      <select className="input" value={value} onChange={({ target }) => onChange(target.value as V)}>
        {choices.map(({ value: each, label: text }) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}
