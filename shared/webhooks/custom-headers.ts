/** What the transport, the signature or the sender writes itself. */
const OURS = ['accept-encoding', 'cookie', 'date', 'expect', 'host', 'user-agent', 'via']
/** Hop by hop (RFC 9110, 7.6.1): they belong to one connection. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']
/** Who is at the other end of a connection; and what opens the metadata services of clouds. */
const TRUSTED = [
  'forwarded',
  'x-real-ip',
  'metadata',
  'metadata-flavor',
  'x-aws-ec2-metadata-token',
]
const DENIED = new Set([...OURS, ...HOP_BY_HOP, ...TRUSTED])
const DENIED_PREFIXES = [
  'content-',
  'proxy-',
  'sec-',
  'webhook-',
  'x-aws-ec2-metadata-',
  'x-forwarded-',
]

const MAX_NAME = 100
const MAX_VALUE = 1_000
const MAX_COUNT = 20

/** `name` null: it concerns all of them. */
export type HeaderFault = { name: string | null; detail: string }

/** Whether a header may be sent along with deliveries. `authorization` may: gateways ask for it. */
export const isAllowedHeader = (name: string): boolean => {
  const lower = name.toLowerCase()
  return !DENIED.has(lower) && !DENIED_PREFIXES.some((prefix) => lower.startsWith(prefix))
}

/** What is wrong with the headers a workspace wants sent along. */
export const faultsOfHeaders = (headers: Record<string, string>): HeaderFault[] => {
  const names = Object.keys(headers)
  const faults = names.flatMap((name): HeaderFault[] => {
    const detail = faultOf(name, headers[name] ?? '')
    return detail ? [{ name, detail }] : []
  })
  if (names.length > MAX_COUNT) faults.push({ name: null, detail: `Send ${MAX_COUNT} at most.` })
  const twice = names.find((name, index) => names.findIndex((one) => same(one, name)) < index)
  if (twice) faults.push({ name: twice, detail: 'Is there twice: case makes no difference.' })
  return faults
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

const faultOf = (name: string, value: string): string | null => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || name.length > MAX_NAME) {
    return `A name is a token of 1 to ${MAX_NAME} letters, digits and hyphens.`
  }
  if (!isAllowedHeader(name)) return 'May not be set: the sender writes it, or proxies trust it.'
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) || value.length > MAX_VALUE) {
    return `A value is 1 to ${MAX_VALUE} printable ASCII characters without space around them.`
  }
  return null
}
