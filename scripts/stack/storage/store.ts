import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** One object; `parts` are files of the bucket's directory that make up its bytes, in order. */
export type StoredObject = {
  key: string
  size: number
  /** Without quotes. */
  etag: string
  contentType: string
  /** Milliseconds since 1970. */
  modifiedAt: number
  parts: { file: string; size: number }[]
  /** x-amz-meta-… headers. */
  meta: Record<string, string>
}

export type Store = ReturnType<typeof openStore>

const isBucketName = (name: string) => /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)

const entryName = (key: string) => `${createHash('sha256').update(key).digest('hex')}.json`

/**
 * Objects in a directory: bodies as files under a name of their own, and one small JSON file for each
 * key that names them. An object changes when that file is renamed into place, so a kill leaves
 * either the old object or the new one; bodies nobody names are removed at the next start.
 */
export const openStore = (directory: string) => {
  const buckets = new Map<string, Map<string, StoredObject>>()
  const pathOf = (bucket: string, ...rest: string[]) => join(directory, bucket, ...rest)

  mkdirSync(directory, { recursive: true })
  for (const bucket of readdirSync(directory)) buckets.set(bucket, load(pathOf(bucket)))

  const saveEntry = async (bucket: string, object: StoredObject) => {
    const path = pathOf(bucket, 'entries', entryName(object.key))
    const temporary = `${path}.${randomUUID()}.new`
    const handle = await open(temporary, 'w', 0o600)
    await handle.write(JSON.stringify(object))
    await handle.sync()
    await handle.close()
    await rename(temporary, path)
  }
  const removeBodies = async (bucket: string, object: StoredObject | undefined) => {
    for (const { file } of object?.parts ?? []) await rm(pathOf(bucket, 'bodies', file), force)
  }

  return {
    createBucket: async (bucket: string): Promise<boolean> => {
      if (!isBucketName(bucket)) return false
      await mkdir(pathOf(bucket, 'entries'), { recursive: true })
      await mkdir(pathOf(bucket, 'bodies'), { recursive: true })
      if (!buckets.has(bucket)) buckets.set(bucket, new Map())
      return true
    },
    bucket: (name: string): ReadonlyMap<string, StoredObject> | undefined => buckets.get(name),
    /** Where bodies of a bucket are received. */
    bodies: (bucket: string) => pathOf(bucket, 'bodies'),
    put: async (bucket: string, object: StoredObject): Promise<void> => {
      const objects = buckets.get(bucket)
      const before = objects?.get(object.key)
      await saveEntry(bucket, object)
      objects?.set(object.key, object)
      await removeBodies(bucket, before)
    },
    remove: async (bucket: string, key: string): Promise<void> => {
      const objects = buckets.get(bucket)
      const before = objects?.get(key)
      await rm(pathOf(bucket, 'entries', entryName(key)), force)
      objects?.delete(key)
      await removeBodies(bucket, before)
    },
  }
}

const force = { force: true } as const

const load = (bucket: string): Map<string, StoredObject> => {
  const entries = join(bucket, 'entries')
  const bodies = join(bucket, 'bodies')
  for (const path of [entries, bodies]) mkdirSync(path, { recursive: true })
  const objects = new Map<string, StoredObject>()
  for (const name of readdirSync(entries)) {
    if (!name.endsWith('.json')) {
      rmSync(join(entries, name), force)
      continue
    }
    const object = JSON.parse(readFileSync(join(entries, name), 'utf8')) as StoredObject
    if (object.parts.every(({ file }) => existsSync(join(bodies, file)))) {
      objects.set(object.key, object)
    }
  }
  const named = new Set([...objects.values()].flatMap(({ parts }) => parts.map(({ file }) => file)))
  for (const file of readdirSync(bodies)) {
    if (!named.has(file)) rmSync(join(bodies, file), force)
  }
  return objects
}
