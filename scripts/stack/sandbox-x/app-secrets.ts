/** What the sandbox signs events with, as the consumer secret of every app. */
export const SANDBOX_CONSUMER_SECRET = 'sandbox-consumer-secret'
/** The app-only token of `sandbox-client`. */
export const SANDBOX_BEARER_TOKEN = 'sandbox-bearer-token'
