import type { ProvidedContext } from 'vitest'
import type { TestProject } from 'vitest/node'

/** Prepares once what several projects of a run need: the first to ask provides it to all, and ends it after the last. */
export async function oncePerRun<Key extends keyof ProvidedContext & string>(
  project: TestProject,
  key: Key,
  prepare: () => Promise<{ value: ProvidedContext[Key]; stop: () => Promise<void> }>,
): Promise<(() => Promise<void>) | undefined> {
  const root = project.vitest.getRootProject()
  if (root.getProvidedContext()[key] !== undefined) return undefined
  const { value, stop } = await prepare()
  root.provide(key, value)
  return stop
}
