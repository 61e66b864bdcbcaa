import { topLevelDomains } from './top-level-domains.ts'

export type UrlSpan = { start: number; end: number }

const latin = '\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u024f\\u1e00-\\u1eff'
const cyrillic = '\\u0400-\\u04ff'
const directional = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
const notHost = `\\s!"#%&'()*+,\\\\/:;<=>?@[\\]^\`{|}~$\\p{Cc}\\ufffe\\uffff${directional}`
const label = `[a-z0-9${latin}](?:[-a-z0-9${latin}]*[a-z0-9${latin}])?`

/** A link with a protocol: any script in the host. A bare one: Latin labels only, as X does. */
const withProtocol = new RegExp(`(?<![a-z0-9@＠$#＃])(https?://)([^${notHost}]+)`, 'giu')
const bare = new RegExp(`(?<![-_./a-z0-9@＠$#＃${latin}])((?:${label}\\.)+)`, 'giu')

const general = `[a-z0-9!*';:=+,.$/%#[\\]\\-\\u2013_~@|&${cyrillic}${latin}]`
const ending = `[a-z0-9=_#/+\\-${cyrillic}${latin}]`
const parens = `\\((?:${general}+|${general}*\\(${general}+\\)${general}*)\\)`
const port = '(?::[0-9]+)?'
const path = `(?:/(?:(?:${general}|${parens})*(?:${ending}|${parens}))?)?`
const query = "(?:\\?[a-z0-9!?*'@();:&=+$/%#[\\]\\-_.,~|]*[a-z0-9\\-_&=#/])?"
const tail = new RegExp(`${port}${path}${query}`, 'iuy')
const shortened = new RegExp(`https?://t\\.co/([a-z0-9]+)${query}`, 'iuy')

/** Length of the top-level domain that `rest` begins with, 0 when it begins with none. */
const topLevelLength = (rest: string): number => {
  const name = /^(?:xn--[-0-9a-z]+|[\p{L}\p{M}]{2,24})/iu.exec(rest)?.[0].toLowerCase() ?? ''
  if (name.startsWith('xn--')) return name.length
  for (let length = name.length; length > 1; length -= 1) {
    const known = topLevelDomains.has(name.slice(0, length))
    if (known && !/[0-9a-z@]/i.test(rest.charAt(length))) return length
  }
  return 0
}

const namesHost = (host: string): boolean => {
  const labels = host.split('.')
  return labels.every((part, index) =>
    index < labels.length - 2 ? !/^[-_]|[-_]$|^$/.test(part) : !/^-|-$|_|^$/.test(part),
  )
}

/** The longest prefix of `run` (text from `start` on) that ends in a top-level domain. */
const hostEnd = (text: string, start: number, run: string): number => {
  for (let dot = run.lastIndexOf('.'); dot > 0; dot = run.lastIndexOf('.', dot - 1)) {
    const length = topLevelLength(text.slice(start + dot + 1, start + dot + 64))
    if (length > 0 && namesHost(`${run.slice(0, dot + 1)}x`)) return start + dot + 1 + length
  }
  return 0
}

/** DNS allows 63 bytes a label, counted in punycode. */
const fitsDns = (host: string): boolean => {
  const address = URL.parse(`http://${host}`)
  return address?.hostname.split('.').every((part) => part.length <= 63) ?? false
}

const stickyEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.exec(text) ? pattern.lastIndex : at
}

const protocolSpans = (text: string): (UrlSpan & { valid: boolean })[] =>
  [...text.matchAll(withProtocol)].flatMap((match) => {
    const hostStart = match.index + (match[1] ?? '').length
    const host = hostEnd(text, hostStart, match[2] ?? '')
    if (host === 0) return []
    const short = stickyEnd(shortened, text, match.index)
    const end = short > match.index ? short : stickyEnd(tail, text, host)
    const slug =
      short > match.index ? (/co\/([a-z0-9]+)/i.exec(text.slice(match.index))?.[1] ?? '') : ''
    return [
      { start: match.index, end, valid: slug.length <= 40 && fitsDns(text.slice(hostStart, host)) },
    ]
  })

const bareSpans = (text: string): UrlSpan[] =>
  [...text.matchAll(bare)].flatMap((match) => {
    const host = hostEnd(text, match.index, match[1] ?? '')
    if (host === 0 || !fitsDns(text.slice(match.index, host))) return []
    return [{ start: match.index, end: stickyEnd(tail, text, host) }]
  })

/**
 * The parts of a text that X turns into links, in order, as UTF-16 offsets: addresses with
 * `http(s)://`, and bare domains whose last label is a real top-level domain ("example.com/path").
 */
export const findUrls = (text: string): UrlSpan[] => {
  if (!text.includes('.')) return []
  const bareOnes = bareSpans(text).map((span) => ({ ...span, valid: true }))
  const spans = [...protocolSpans(text), ...bareOnes].sort((a, b) => a.start - b.start)
  let taken = 0
  return spans.flatMap(({ start, end, valid }) => {
    if (start < taken) return []
    taken = end
    return valid ? [{ start, end }] : []
  })
}
