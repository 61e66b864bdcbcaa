/** What a file is, read from its own bytes. */
export type FileFacts = {
  contentType: string
  kind: 'image' | 'gif' | 'video'
  width: number
  height: number
  /** Videos only, milliseconds. */
  durationMs: number | null
  /** Videos only: pictures a second. */
  frameRate: number | null
  /** Videos only: `avc1` is H.264, `mp4a` AAC; null where the file has no such track. */
  videoCodec: string | null
  audioCodec: string | null
  /** A format that may hold several pictures and does. */
  isAnimated: boolean
}

export const imageFacts = (
  contentType: string,
  width: number,
  height: number,
  isAnimated = false,
): FileFacts => ({
  contentType,
  kind: contentType === 'image/gif' && isAnimated ? 'gif' : 'image',
  width,
  height,
  durationMs: null,
  frameRate: null,
  videoCodec: null,
  audioCodec: null,
  isAnimated,
})
