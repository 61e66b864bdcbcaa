/**
 * Ends of names that no public resolver knows: RFC 6761 and 6762, home.arpa (RFC 8375), internal
 * (reserved by ICANN; Google Cloud's metadata), and what ICANN never delegates because networks use it.
 */
const LOCAL_ENDS = [
  ...['localhost', 'localdomain', 'local', 'internal', 'home.arpa', 'onion', 'alt'],
  ...['home', 'corp', 'mail', 'lan', 'intranet', 'private'],
]

/** Whether a host name means something else on every network: one label, or a local end. */
export const isLocalName = (host: string): boolean => {
  const labels = host.split('.')
  if (labels.length < 2 || labels.includes('')) return true
  return LOCAL_ENDS.some((end) => host === end || host.endsWith(`.${end}`))
}
