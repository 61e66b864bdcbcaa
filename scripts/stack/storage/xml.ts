const escapeText = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const plainText = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')

export type Xml = string | number | boolean | { [name: string]: Xml | Xml[] | undefined }

const element = (name: string, value: Xml | Xml[] | undefined): string => {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join('')
  const content =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([inner, one]) => element(inner, one))
          .join('')
      : escapeText(String(value))
  return `<${name}>${content}</${name}>`
}

/** A document with one root; lists become repeated elements, undefined ones are left out. */
export const toXml = (root: string, value: Xml): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value)}`

/** The texts of every `<name>` in a body, in order. S3's request bodies are flat enough for that. */
export const textsOf = (body: string, name: string): string[] =>
  [...body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    plainText(text),
  )
