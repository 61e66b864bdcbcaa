import { sealSecret } from '../../../shared/webhooks/secret.ts'
import { ENV, type SimPerson } from './fixture.ts'

type SimSecret = { plain: string; sealed: string }

/** A webhook endpoint that a seed may have: created by its person, with secrets for as many rotations. */
export type SimEndpoint = {
  id: string
  name: string
  person: number
  host: string
  secrets: SimSecret[]
}

const OWNERS = [0, 0, 1]
const SECRETS = 4

const plainSecret = (name: string, number: number) =>
  `whsec_${btoa(`${name} ${number} `.padEnd(32, '*'))}`

/** Sealed once: what seals takes its chance from elsewhere than the seed. */
export const prepareEndpoints = (people: SimPerson[]): Promise<SimEndpoint[]> =>
  Promise.all(
    OWNERS.map(async (person, index) => {
      const id = `00000000-0000-4000-c000-00000000000${index}`
      const name = `hook${index}`
      const place = { endpointId: id, workspaceId: people[person]?.workspaceId ?? '' }
      const plain = Array.from({ length: SECRETS }, (_, number) => plainSecret(name, number))
      const secrets = await Promise.all(
        plain.map(async (each) => ({
          plain: each,
          sealed: sealSecret(ENV.ENCRYPTION_KEYS, each, place),
        })),
      )
      return { id, name, person, host: `${name}.example.com`, secrets }
    }),
  )
