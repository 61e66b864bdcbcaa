import ipaddr from 'ipaddr.js'
import { isGlobalAddress } from './is-global-address.ts'

export type CheckedUrl =
  /** `resolve` is the host whose addresses have still to be checked; null when there is no need. */
  { kind: 'allowed'; url: URL; resolve: string | null } | { kind: 'refused'; reason: string }

type Rules = {
  /** "host:port" for which http and private addresses are allowed. */
  privateHosts: readonly string[]
  /** Our own host name: an endpoint must not call us back. */
  ownHost: string
}

const refused = (reason: string): CheckedUrl => ({ kind: 'refused', reason })

const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' }

/**
 * What can be said of an endpoint's address without asking the network. The URL is parsed as
 * `fetch` parses it, so that 0x7f.1 or 2130706433 are the addresses they stand for.
 */
export const checkUrl = (text: string, { privateHosts, ownHost }: Rules): CheckedUrl => {
  if (!URL.canParse(text)) return refused('Must be a URL.')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return refused('May not hold a user or password.')
  if (!(url.protocol in defaultPorts)) return refused('Must begin with https://.')

  const port = url.port || defaultPorts[url.protocol]
  if (privateHosts.includes(`${url.hostname}:${port}`))
    return { kind: 'allowed', url, resolve: null }
  if (url.protocol !== 'https:') return refused('Must begin with https://.')
  if (url.port !== '') return refused('Must be on port 443.')
  return checkHost(url, ownHost)
}

const checkHost = (url: URL, ownHost: string): CheckedUrl => {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  if (host === ownHost) return refused('May not be the address of this service.')
  if (!ipaddr.isValid(host)) return { kind: 'allowed', url, resolve: host }
  if (isGlobalAddress(host)) return { kind: 'allowed', url, resolve: null }
  return refused('Must be reachable from the internet: this address is private or reserved.')
}
