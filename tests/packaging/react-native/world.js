// What React Native gives to an app besides the Hermes VM itself, as small as the SDK's needs. Time is
// virtual: half an hour of a session takes a moment.
globalThis.performance = { now: () => Date.now() }
globalThis.URL = class {
  constructor(url) {
    this.pathname = url.replace(/^[a-z]+:\/\/[^/]+/, '').replace(/[?#].*$/, '')
  }
}
globalThis.AbortController = class {
  signal = {}
  abort() {}
}
globalThis.Response = class {
  constructor(text, { status, headers }) {
    this.status = status
    this.ok = status < 300
    this.headers = { get: (name) => headers[name] ?? null }
    this.text = async () => text
    this.json = async () => JSON.parse(text)
  }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

globalThis.btoa = (text) => {
  const bits = [...text].map((sign) => sign.charCodeAt(0).toString(2).padStart(8, '0')).join('')
  const padded = (bits.match(/.{1,6}/g) ?? []).map((six) => letters[Number.parseInt(six.padEnd(6, '0'), 2)])
  return padded.join('').padEnd(Math.ceil(text.length / 3) * 4, '=')
}
globalThis.atob = (text) => {
  const bits = [...text.replace(/=/g, '')]
    .map((sign) => letters.indexOf(sign).toString(2).padStart(6, '0'))
    .join('')
  return (bits.match(/.{8}/g) ?? []).map((eight) => String.fromCharCode(Number.parseInt(eight, 2))).join('')
}
