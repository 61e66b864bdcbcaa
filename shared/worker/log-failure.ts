import type { Deps } from '../deps.ts'

/** For `catch` where work goes on without an answer: logs the error and answers null. */
export const logFailure =
  (deps: Pick<Deps, 'log'>, message: string) =>
  (error: unknown): null => {
    deps.log({ level: 'error', message, error: String(error) })
    return null
  }
