import type { Stripe } from 'stripe'
import type { Deps } from '../deps.ts'

export type Client = {
  stripe: Stripe
  cryptoProvider: ReturnType<typeof Stripe.createSubtleCryptoProvider>
}

/** Loaded with the first event that needs it: half of a cold start. Retries are the queue's. */
export const loadStripe = async ({ env, fetch }: Pick<Deps, 'env' | 'fetch'>): Promise<Client> => {
  const { Stripe } = await import('stripe')
  const { protocol, hostname, port } = new URL(env.STRIPE_API_URL)
  const stripe = new Stripe(env.STRIPE_SECRET_KEY ?? '', {
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    httpClient: Stripe.createFetchHttpClient(fetch),
    maxNetworkRetries: 0,
    timeout: 10_000,
    telemetry: false,
  })
  return { stripe, cryptoProvider: Stripe.createSubtleCryptoProvider() }
}
