import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from './fault.ts'
import { isAlive } from './is-alive.ts'
import { birthOf } from './process-identity.ts'

type Holder = { pid: number; birth: string }

/**
 * Takes a data directory for this process; answers how to give it back. Throws a fault while another stack runs on it.
 * A holder that was killed leaves the file behind; it is recognised by its process id and the time it began.
 */
export const lockData = async (data: string) => {
  const file = join(data, 'stack.lock')
  const own: Holder = { pid: process.pid, birth: birthOf(process.pid) }
  const take = () => writeFile(file, JSON.stringify(own), { flag: 'wx' })
  try {
    await take()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = await readHolder(file)
    if (holder && isAlive(holder.pid) && birthOf(holder.pid) === holder.birth) {
      throw await runningFault(data, holder.pid)
    }
    await rm(file, { force: true })
    await take()
  }
  return () => rm(file, { force: true })
}

const readHolder = async (file: string) => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

const runningFault = async (data: string, pid: number) => {
  const state = await readFile(join(data, 'state.json'), 'utf8').catch(() => '{}')
  const { api_url } = JSON.parse(state) as { api_url?: string }
  const where = api_url ? ` at ${api_url}` : ''
  return fault(
    `MyPosts already runs${where} with the data in ${data} (process ${pid}).`,
    `Use it, or stop it first: kill ${pid}. A second one needs its own data and ports: npm start -- --data .stack-2 --port 55321`,
  )
}
