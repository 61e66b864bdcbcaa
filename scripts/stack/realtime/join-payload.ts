import { z } from 'zod'

const Flag = z.boolean().nullish().transform(Boolean)

const JoinPayload = z.object({
  access_token: z.string().nullish(),
  config: z
    .object({
      private: Flag,
      broadcast: z.object({ ack: Flag, self: Flag, replay: z.unknown().optional() }).nullish(),
      presence: z.object({ enabled: Flag, key: z.string().nullish() }).nullish(),
      postgres_changes: z.array(z.record(z.string(), z.unknown())).nullish(),
    })
    .nullish(),
})

export type JoinConfig = {
  token: string | null
  isPrivate: boolean
  ack: boolean
  self: boolean
  wantsReplay: boolean
  presenceEnabled: boolean
  presenceKey: string
  postgresChanges: Record<string, unknown>[]
}

/** Reads a `phx_join` payload; what is missing or malformed falls back to hosted's defaults. */
export const readJoinPayload = (payload: unknown): JoinConfig => {
  const { data } = JoinPayload.safeParse(payload)
  const { broadcast, presence, postgres_changes, private: isPrivate } = data?.config ?? {}
  return {
    token: data?.access_token ?? null,
    isPrivate: isPrivate ?? false,
    ack: broadcast?.ack ?? false,
    self: broadcast?.self ?? false,
    wantsReplay: broadcast?.replay !== undefined,
    presenceEnabled: presence?.enabled ?? false,
    presenceKey: presence?.key || crypto.randomUUID(),
    postgresChanges: postgres_changes ?? [],
  }
}
