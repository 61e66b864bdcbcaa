import { findUrls } from './find-urls.ts'

/** X's configuration 3: weights are hundredths of a character. */
const urlLength = 23
const lightRanges = [
  [0x0, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
] as const
const emojiPattern = '\\p{RGI_Emoji}|[0-9#*]\\u20e3'

let compiled: RegExp | undefined

/** Compiled when first needed: that takes 20 ms, which no cold start should pay. */
const emoji = (): RegExp => {
  compiled ??= new RegExp(emojiPattern, 'gv')
  return compiled
}

const isLight = (point: number): boolean =>
  lightRanges.some(([first, last]) => point >= first && point <= last)

/** Length of text without links: an emoji sequence counts 2, a light code point 1, any other 2. */
const plainLength = (text: string): number => {
  let length = 0
  const rest = text.replace(emoji(), () => {
    length += 2
    return ''
  })
  for (const character of rest) length += isLight(character.codePointAt(0) ?? 0) ? 1 : 2
  return length
}

/**
 * Length of a text as X counts it (280 for most accounts): in NFC, every link 23 whatever its own
 * length, an emoji sequence 2, Latin and similar scripts 1 per code point, everything else 2.
 */
export const weightedLength = (text: string): number => {
  const normal = text.normalize('NFC')
  let length = 0
  let at = 0
  for (const span of findUrls(normal)) {
    length += plainLength(normal.slice(at, span.start)) + urlLength
    at = span.end
  }
  return length + plainLength(normal.slice(at))
}

/** Whether X would make a link of any part of the text; a post with one has another price. */
export const containsUrl = (text: string): boolean => findUrls(text.normalize('NFC')).length > 0
