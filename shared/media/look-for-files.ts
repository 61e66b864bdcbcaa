import type { Deps } from '../deps.ts'
import { Problem } from '../http/problem.ts'
import { rulesOf } from '../networks/rules-of.ts'
import type { MediaRow } from './media.ts'
import { type Settling, settleUpload } from './settle-upload.ts'

type Need = Settling & Pick<Deps, 'log'>

/** `is_last_look`: nothing can come any more, so a file that is not there never will be. */
type Looked = MediaRow & { looked_at: string; is_last_look: boolean }

const ROUND = 20

/**
 * Looks in storage for files that clients were to upload, so that what came is ready without anybody
 * asking for it. What never came is given up after the last look; storage that does not answer proves
 * nothing, and is asked again.
 */
export const lookForFiles = async (deps: Need): Promise<void> => {
  for (let claimed = ROUND; claimed === ROUND; ) {
    const media = await deps.service<Looked[]>('claim_media_looks', { p_limit: ROUND })
    claimed = media.length
    await Promise.all(media.map((row) => lookFor(deps, row)))
  }
}

const lookFor = async (deps: Need, looked: Looked): Promise<void> => {
  const { looked_at, is_last_look, ...row } = looked
  try {
    const { status } = await settleUpload(deps, rulesOf('x'), row)
    if (status !== 'uploading') {
      deps.log({ message: 'file has come', media_id: row.id, status })
    } else if (is_last_look) {
      await deps.service('give_up_media', { p_media_id: row.id, p_looked_at: looked_at })
      deps.log({ message: 'file never came', media_id: row.id })
    }
  } catch (error) {
    const message = 'file not looked for'
    const said = error instanceof Problem ? (error.cause ?? error) : error
    deps.log({ level: 'warn', message, media_id: row.id, error: String(said) })
  }
}
