import { setTimeout as sleep } from 'node:timers/promises'
import { type Arrived, type Bench, judge, secretsOf, workspacesOf } from './burst.ts'
import { emit, untilDelivered } from './events.ts'
import type { Listener } from './listeners.ts'

export type Steady = { latencyMs: number[]; arrived: Arrived }

/** Events come about so often, at moments nobody else keeps to. */
const EVERY_MS = 25

/**
 * One event after the other, the workspaces taking turns: each rings for itself. What comes to
 * `hanging` is neither waited for nor counted.
 */
export const runSteady = async (
  { sql, receiver }: Bench,
  listeners: Listener[],
  perWorkspace: number,
  hanging: Listener | null = null,
): Promise<Steady> => {
  const workspaces = workspacesOf(listeners)
  const count = perWorkspace * workspaces.length
  const exceptEndpoint = hanging?.endpointId ?? null
  await untilDelivered(sql, { workspaceIds: workspaces, count, exceptEndpoint }, async () => {
    for (let number = 0; number < count; number += 1) {
      const workspaceId = workspaces[number % workspaces.length]
      if (workspaceId) await emit(sql, [workspaceId], 1)
      await sleep(Math.random() * 2 * EVERY_MS)
    }
  })
  const others = listeners.filter((listener) => listener !== hanging)
  const seen = await receiver.collect(secretsOf(others))
  return {
    latencyMs: Object.values(seen).flatMap(({ latencyMs }) => latencyMs),
    arrived: judge(seen, perWorkspace),
  }
}
