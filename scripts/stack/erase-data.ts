import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { clearStaleLock } from './postgres-lock.ts'

const OWN =
  /^(postgres(\.(new|log|password))?|postgrest\.log|keys\.json(\.new)?|state\.json(\.new)?|demo\.json|functions\.log|sandbox-x\..+)$/

/** Removes what the stack itself keeps in its data directory, and nothing else that may lie there. */
export const eraseData = async (data: string) => {
  await clearStaleLock(join(data, 'postgres'))
  const names = (await readdir(data)).filter((name) => OWN.test(name))
  await Promise.all(names.map((name) => rm(join(data, name), { recursive: true, force: true })))
}
