import { type Call, readText, sendXml } from './call.ts'
import { failures } from './failure.ts'
import { sortedKeys } from './objects.ts'
import { textsOf } from './xml.ts'

export const createBucket = async ({ store, response, bucket }: Call) => {
  if (!(await store.createBucket(bucket))) throw failures.invalid('This is no name for a bucket.')
  response.writeHead(200, { location: `/${bucket}`, 'content-length': 0 }).end()
}

export const headBucket = async ({ response }: Call) => {
  response.writeHead(200, { 'content-length': 0 }).end()
}

/** Groups keys that share what follows the prefix up to the delimiter. */
const grouped = (keys: string[], prefix: string, delimiter: string): string[] => {
  if (delimiter === '') return keys
  const groups = keys.map((key) => {
    const end = key.indexOf(delimiter, prefix.length)
    return end < 0 ? key : key.slice(0, end + delimiter.length)
  })
  return [...new Set(groups)]
}

/** ListObjectsV2. The continuation token is the last key of the page before. */
export const listObjects = async ({ store, query, response, bucket }: Call) => {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const most = Math.min(Number(query.get('max-keys') ?? 1_000), 1_000)
  const token = query.get('continuation-token')
  const after = token
    ? Buffer.from(token, 'base64url').toString('utf8')
    : (query.get('start-after') ?? '')
  const all = grouped(sortedKeys(store, bucket, prefix, ''), prefix, delimiter)
  const rest = all.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
  const page = rest.slice(0, most)
  const objects = store.bucket(bucket)
  const isTruncated = rest.length > page.length
  const next = Buffer.from(page.at(-1) ?? '').toString('base64url')
  sendXml(response, 200, 'ListBucketResult', {
    Name: bucket,
    Prefix: prefix,
    KeyCount: page.length,
    MaxKeys: most,
    IsTruncated: isTruncated,
    NextContinuationToken: isTruncated ? next : undefined,
    Contents: page.flatMap((key) => {
      const object = objects?.get(key)
      if (!object || (delimiter !== '' && key.endsWith(delimiter))) return []
      return {
        Key: key,
        LastModified: new Date(object.modifiedAt).toISOString(),
        ETag: `"${object.etag}"`,
        Size: object.size,
        StorageClass: 'STANDARD',
      }
    }),
    CommonPrefixes: page
      .filter((key) => delimiter !== '' && key.endsWith(delimiter))
      .map((key) => ({ Prefix: key })),
  })
}

/** DeleteObjects: up to a thousand keys in one request; absent ones count as deleted. */
export const deleteObjects = async ({ store, request, response, bucket }: Call) => {
  const keys = textsOf(await readText(request), 'Key')
  for (const key of keys) await store.remove(bucket, key)
  sendXml(response, 200, 'DeleteResult', { Deleted: keys.map((key) => ({ Key: key })) })
}
