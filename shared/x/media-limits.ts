import type { FileLimits, Issue, MediaKind, Network } from '../networks/network.ts'

const MEGABYTE = 1_048_576

const limits: Record<string, FileLimits> = {
  'image/jpeg': { kind: 'photo', mostBytes: 5 * MEGABYTE },
  'image/png': { kind: 'photo', mostBytes: 5 * MEGABYTE },
  'image/webp': { kind: 'photo', mostBytes: 5 * MEGABYTE },
  'image/gif': { kind: 'gif', mostBytes: 15 * MEGABYTE },
  'video/mp4': { kind: 'video', mostBytes: 512 * MEGABYTE },
  'video/quicktime': { kind: 'video', mostBytes: 512 * MEGABYTE },
}

/** 60, and what a phone makes of it: it names 60 and records 60.01 to 60.1 on average. X judges the rest. */
const MOST_FRAMES = 60.5

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`
const issue = (slug: string, detail: string, remedy: string): Issue => ({ slug, detail, remedy })

const videoIssues: Network['media']['checkFile'] = (file) => {
  const { durationMs, frameRate, videoCodec, audioCodec } = file
  const issues: Issue[] = []
  if (durationMs !== null && (durationMs < 500 || durationMs > 140_000)) {
    const detail = `The video lasts ${seconds(durationMs)}; X takes 0.5 to 140 seconds.`
    issues.push(issue('media-duration', detail, 'Cut it.'))
  }
  if (frameRate !== null && frameRate > MOST_FRAMES) {
    const detail = `The video has ${frameRate} frames a second; X takes 60 at most.`
    issues.push(issue('media-frame-rate', detail, 'Export it with 60 or fewer.'))
  }
  const isForeign = videoCodec !== null && !['avc1', 'avc3'].includes(videoCodec)
  if (isForeign || (audioCodec !== null && audioCodec !== 'mp4a')) {
    const detail = `The video is encoded as ${[videoCodec, audioCodec].filter(Boolean).join(' and ')}; X takes H.264 (avc1) and AAC (mp4a).`
    issues.push(issue('media-codec', detail, 'Export it with H.264 and AAC.'))
  }
  return issues
}

const checkFile: Network['media']['checkFile'] = (file) => {
  // A still GIF goes as a photo, and has a photo's limit.
  const most = file.kind === 'photo' ? 5 * MEGABYTE : (limits[file.contentType]?.mostBytes ?? 0)
  const issues: Issue[] = []
  if (file.bytes > most) {
    const detail = `The file has ${file.bytes} bytes; X takes ${most} of a ${file.kind}.`
    issues.push(issue('media-too-large', detail, 'Make it smaller.'))
  }
  if (file.kind === 'photo' && file.isAnimated) {
    const detail = `X shows no animated ${file.contentType === 'image/png' ? 'PNG' : 'WebP'}.`
    issues.push(issue('media-animated', detail, 'Upload an animation as a GIF or a video.'))
  }
  return file.kind === 'video' ? [...issues, ...videoIssues(file)] : issues
}

const checkSet = (kinds: MediaKind[]): Issue[] => {
  const remedy = 'Show up to 4 images, or 1 GIF, or 1 video; more go into further segments.'
  if (kinds.length > 4) {
    return [issue('media-too-many', `X shows 4 images in a post, not ${kinds.length}.`, remedy)]
  }
  return kinds.length > 1 && kinds.some((kind) => kind !== 'photo')
    ? [issue('media-mixed', 'X shows a GIF or a video alone, without other media.', remedy)]
    : []
}

/** What of X's rules for media can be told without asking X. Pure. */
export const mediaLimits: Pick<Network['media'], 'limits' | 'checkFile' | 'checkSet'> = {
  limits,
  checkFile,
  checkSet,
}
