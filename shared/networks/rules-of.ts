import { mediaLimits } from '../x/media-limits.ts'
import { validate } from '../x/validate.ts'
import type { Network } from './network.ts'

/** What can be told about texts and files without asking the network. Free of its client, so that it loads at once. */
export type NetworkRules = Pick<Network, 'validate'> & {
  media: Pick<Network['media'], 'limits' | 'checkFile' | 'checkSet'>
}

const rules: Record<string, NetworkRules> = { x: { validate, media: mediaLimits } }

/** The rules of a network by its name. Throws for one nobody knows, which is a fault of ours. */
export const rulesOf = (network: string): NetworkRules => {
  const known = rules[network]
  if (!known) throw new Error(`No rules for network ${network}`)
  return known
}
