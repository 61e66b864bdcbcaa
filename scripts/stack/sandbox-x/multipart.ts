/** The parts of a multipart/form-data body by name; null when it is none. Bytes are not copied. */
export const readMultipart = (
  contentType: string | undefined,
  body: Buffer,
): Map<string, Buffer> | null => {
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)"?/i.exec(contentType ?? '')?.[1]
  if (!boundary) return null
  const parts = new Map<string, Buffer>()
  const mark = Buffer.from(`--${boundary}`)
  let at = body.indexOf(mark)
  while (at >= 0) {
    const head = at + mark.length + 2
    const next = body.indexOf(mark, head)
    const end = body.indexOf('\r\n\r\n', head)
    if (next < 0 || end < 0 || end > next) break
    const name = /name="([^"]*)"/.exec(body.toString('latin1', head, end))?.[1]
    if (name !== undefined) parts.set(name, body.subarray(end + 4, next - 2))
    at = next
  }
  return parts
}
