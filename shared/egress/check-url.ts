import ipaddr from 'ipaddr.js'
import { isGlobalAddress } from './is-global-address.ts'
import { isLocalName } from './is-local-name.ts'

export type CheckedUrl =
  /** `addresses` null: the host's addresses are still to be found and checked. */
  | { kind: 'allowed'; url: URL; host: string; addresses: string[] | null }
  /** A development host: neither name nor addresses are checked. */
  | { kind: 'private'; url: URL }
  | { kind: 'refused'; reason: string }

type Rules = {
  /** "host:port" for which http and private addresses are allowed. */
  privateHosts: readonly string[]
  /** Our own host name: nobody makes us call ourselves. */
  ownHost: string
}

const refused = (reason: string): CheckedUrl => ({ kind: 'refused', reason })

const PRIVATE = 'Must be reachable from the internet: this address is private or reserved.'
const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' }

/**
 * What can be said of a URL somebody named without asking the network. It is parsed as `fetch`
 * parses it, so that 0x7f.1 or 2130706433 are the addresses they stand for.
 */
export const checkUrl = (text: string, { privateHosts, ownHost }: Rules): CheckedUrl => {
  // Parsers differ in what they drop, so nothing is dropped.
  if (/[\s\\\p{Cc}]/u.test(text) || !URL.canParse(text)) return refused('Must be a URL.')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return refused('May not hold a user or password.')
  if (!(url.protocol in defaultPorts)) return refused('Must begin with https://.')

  const port = url.port || defaultPorts[url.protocol]
  if (privateHosts.includes(`${url.hostname}:${port}`)) return { kind: 'private', url }
  const checked = checkPublic(url, ownHost)
  return checked.kind === 'refused' && isLocal(url.hostname)
    ? refused(
        `${checked.reason} For development, the operator may name ${url.hostname}:${port} in WEBHOOK_PRIVATE_HOSTS.`,
      )
    : checked
}

const checkPublic = (url: URL, ownHost: string): CheckedUrl => {
  if (url.protocol !== 'https:') return refused('Must begin with https://.')
  if (url.port !== '') return refused('Must be on port 443.')
  return checkHost(url, ownHost)
}

const bare = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')

/** Of this machine or its network, and so perhaps a developer's own. */
const isLocal = (hostname: string) => {
  const host = bare(hostname)
  return ipaddr.isValid(host) ? !isGlobalAddress(host) : isLocalName(host)
}

const checkHost = (url: URL, ownHost: string): CheckedUrl => {
  const host = bare(url.hostname)
  if (isOurs(host, ownHost)) return refused('May not be the address of this service.')
  if (ipaddr.isValid(host)) {
    return isGlobalAddress(host)
      ? { kind: 'allowed', url, host, addresses: [host] }
      : refused(PRIVATE)
  }
  if (isLocalName(host)) return refused('Must be a name of the internet: this one is local.')
  return { kind: 'allowed', url, host, addresses: null }
}

/** Our host, what lies beneath it, and the second address hosted functions have. */
const isOurs = (host: string, ownHost: string) => {
  const [project, ...domain] = ownHost.split('.')
  const functions = [project, 'functions', ...domain].join('.')
  return [ownHost, functions].some((ours) => host === ours || host.endsWith(`.${ours}`))
}
