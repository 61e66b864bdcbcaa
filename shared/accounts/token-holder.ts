/** What is needed to act for an account, as claims hand it to workers. Tokens are encrypted. */
export type TokenHolder = {
  account_id: string
  workspace_id: string
  encrypted_tokens: string
  /** ISO instant. */
  tokens_expire_at: string
  tokens_version: number
}
