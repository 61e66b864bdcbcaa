import { validate } from '../x/validate.ts'
import type { Network } from './network.ts'

/** What can be told about a text without asking the network. Free of its client, so that it loads at once. */
export type TextRules = Pick<Network, 'validate'>

const rules: Record<string, TextRules> = { x: { validate } }

/** The rules of a network by its name. Throws for one nobody knows, which is a fault of ours. */
export const rulesOf = (network: string): TextRules => {
  const known = rules[network]
  if (!known) throw new Error(`No rules for network ${network}`)
  return known
}
