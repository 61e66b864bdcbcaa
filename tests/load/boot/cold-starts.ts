import { say } from '../support/report.ts'
import { startHost } from '../support/start-host.ts'
import { median } from '../support/statistics.ts'

const ROUNDS = 7

/** First request to a function with no live worker, until the first byte, in milliseconds. */
export const measureColdStarts = async (data: string, slugs: string[]): Promise<number[]> => {
  const host = await startHost({ data, cron: false })
  try {
    const all: number[] = []
    for (const slug of slugs) {
      const times: number[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        await host.killWorkers(slug)
        const began = performance.now()
        const response = await fetch(`${host.state.functions_url}/${slug}/health`)
        times.push(performance.now() - began)
        await response.text()
        if (response.status >= 500) throw new Error(`${slug} answered ${response.status}`)
      }
      say(`cold start of ${slug}: median ${median(times)?.toFixed(0)} ms`)
      all.push(...times)
    }
    return all
  } finally {
    await host.stop()
  }
}
