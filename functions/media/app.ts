import { Hono } from 'hono'
import type { Deps } from '../../shared/deps.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { requireCron } from '../../shared/http/require-cron.ts'
import { lookForFiles } from '../../shared/media/look-for-files.ts'
import { removeObjects } from '../../shared/media/remove-objects.ts'
import { runMedia } from '../../shared/media/run-media.ts'
import { createSpending } from '../../shared/media/spending.ts'
import type { Network } from '../../shared/networks/network.ts'
import { oneAtATime } from '../../shared/worker/one-at-a-time.ts'

/**
 * `POST /media` wakes this isolate and answers 202 at once: it brings media of posts that are soon due
 * to the network, removes the files of deleted ones and notices those that clients have uploaded. A function of its own, because streaming a
 * video costs CPU that isolates which publish need at the instant.
 */
export const createApp = (deps: Deps, network: Network) => {
  const spending = createSpending(deps)
  const duties = [
    oneAtATime(() => runMedia(deps, network, spending)),
    oneAtATime(() => removeObjects(deps)),
    oneAtATime(() => lookForFiles(deps)),
  ]

  return new Hono()
    .basePath('/media')
    .onError(createOnError(deps))
    .post('/', requireCron(deps), (c) => {
      for (const start of duties) deps.background(start())
      return c.json({ status: 'accepted' }, 202)
    })
}
