import { topLevelDomains } from './top-level-domains.ts'

export type UrlSpan = { start: number; end: number }

/** X makes no link of anything longer. */
const LONGEST_URL = 4_096
/** Of `t.co`: what comes after its slash. */
const LONGEST_SLUG = 40

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

const isSubdomain = (label: string): boolean => !/^[-_]|[-_]$|^$/.test(label)
const isDomain = (label: string): boolean => !/^-|-$|_|^$/.test(label)

/** Dots of `run` that may stand before a top-level domain, from the left: a bad label ends them. */
const dotsOfHosts = (run: string): number[] => {
  const dots: number[] = []
  let at = 0
  for (const label of run.split('.').slice(0, -1)) {
    if (isDomain(label)) dots.push(at + label.length)
    if (!isSubdomain(label)) break
    at += label.length + 1
  }
  return dots
}

/** The longest prefix of `run` (text from `start` on) that ends in a top-level domain. */
const hostEnd = (text: string, start: number, run: string): number => {
  for (const dot of dotsOfHosts(run).reverse()) {
    const length = topLevelLength(text.slice(start + dot + 1, start + dot + 64))
    if (length > 0) return start + dot + 1 + length
  }
  return 0
}

/** The host in punycode; null when a label is longer than the 63 bytes that DNS allows. */
const asciiHost = (host: string): string | null => {
  const name = URL.parse(`http://${host}`)?.hostname
  return name?.split('.').every((label) => label.length <= 63) ? name : null
}

const stickyEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.exec(text) ? pattern.lastIndex : at
}

/** Where something begins that may be a link, and where its host does. */
type Start = { start: number; hostStart: number; run: string }

/** What a start leads to: `taken` is where the next may begin, `link` what X makes of it. */
type Read = { taken: number; link: UrlSpan | null }

const startsOf = (text: string): Start[] => {
  const named = [...text.matchAll(withProtocol)].map(({ index, 1: protocol = '', 2: run = '' }) => {
    return { start: index, hostStart: index + protocol.length, run }
  })
  const unnamed = [...text.matchAll(bare)].map(({ index, 1: run = '' }) => {
    return { start: index, hostStart: index, run }
  })
  return [...named, ...unnamed].sort((a, b) => a.start - b.start)
}

/** Whether X takes it for a link: measured with a protocol and with its host in punycode. */
const isLink = (text: string, { start, hostStart }: Start, host: number, end: number): boolean => {
  const ascii = asciiHost(text.slice(hostStart, host))
  if (ascii === null) return false
  const protocol = hostStart === start ? 'https://'.length : hostStart - start
  return protocol + ascii.length + (end - host) <= LONGEST_URL
}

const read = (text: string, begin: Start): Read | null => {
  const { start, hostStart, run } = begin
  const host = hostEnd(text, hostStart, run)
  if (host === 0) return null
  const taken = stickyEnd(tail, text, host)
  if (!isLink(text, begin, host, taken)) return { taken, link: null }
  shortened.lastIndex = start
  const short = hostStart === start ? null : shortened.exec(text)
  if (!short) return { taken, link: { start, end: taken } }
  const isReal = (short[1] ?? '').length <= LONGEST_SLUG
  return { taken, link: isReal ? { start, end: shortened.lastIndex } : null }
}

/**
 * The parts of a text that X turns into links, in order, as UTF-16 offsets: addresses with
 * `http(s)://`, and bare domains whose last label is a real top-level domain ("example.com/path").
 * Reads every character a few times at most, whatever the text: what an address has taken begins
 * no other, and is read no further.
 */
export const findUrls = (text: string): UrlSpan[] => {
  if (!text.includes('.')) return []
  const links: UrlSpan[] = []
  let taken = 0
  for (const begin of startsOf(text)) {
    const found = begin.start < taken ? null : read(text, begin)
    taken = found?.taken ?? taken
    if (found?.link) links.push(found.link)
  }
  return links
}
