import { createRules, type DeliveryRules, type Sent, tell } from './activity.ts'
import { SANDBOX_CONSUMER_SECRET } from './app-secrets.ts'
import { applyEntry, type Entry } from './entries.ts'
import { createFaults, type Faults } from './faults.ts'
import { type Journal, openJournal } from './journal.ts'
import type { MediaRules, Upload } from './media-state.ts'
import { createRateWindows, type RateWindows } from './rate-windows.ts'
import { createSnowflakes } from './snowflakes.ts'
import { createState, type State } from './state.ts'

export type Code = {
  client_id: string
  user_id: string
  redirect_uri: string
  challenge: string
  scope: string
  expires_at: number
}

/** All that the endpoints share. State lives in the journal; faults, windows and codes do not. */
export type World = {
  state: State
  journal: Journal
  faults: Faults
  windows: RateWindows
  codes: Map<string, Code>
  requests: Map<string, number>
  /** Files on their way, and how media behave, by username ('' for all). */
  uploads: Map<string, Upload>
  mediaRules: Map<string, MediaRules>
  /** How events leave, and every one that left or was lost. */
  delivery: DeliveryRules
  sent: Sent[]
  /** Milliseconds, moved by the control API's clock. */
  now(): number
  nextId(): string
  record(entry: Entry): void
}

export const createWorld = (data: string): World => {
  const state = createState()
  const journal = openJournal(data)
  for (const entry of journal.entries) applyEntry(state, entry)
  const now = () => Date.now() + state.clockOffset
  const world: World = {
    state,
    journal,
    faults: createFaults(),
    windows: createRateWindows(),
    codes: new Map(),
    requests: new Map(),
    uploads: new Map(),
    mediaRules: new Map(),
    delivery: createRules(SANDBOX_CONSUMER_SECRET),
    sent: [],
    now,
    nextId: createSnowflakes(now, state.accepted.at(-1)?.id),
    record: (entry) => {
      applyEntry(state, entry)
      journal.append(entry)
      tell(world, entry)
    },
  }
  return world
}
