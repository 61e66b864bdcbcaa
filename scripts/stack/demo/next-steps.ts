import type { StackState } from '../state.ts'
import type { DemoRecord } from './record.ts'

/** Commands that work as pasted, in the project's folder, while the stack runs. */
export const nextSteps = (state: StackState, demo: DemoRecord): string => `
Try next (paste as it is, in this folder):

  # sign in as the demo user
  TOKEN=$(curl -s '${state.api_url}/auth/v1/token?grant_type=password' \\
    -H 'apikey: ${state.publishable_key}' -H 'content-type: application/json' \\
    -d '{"email":"${demo.email}","password":"${demo.password}"}' \\
    | npx node -p 'JSON.parse(fs.readFileSync(0)).access_token')

  # publish now, and see what became of it
  curl -s '${state.functions_url}/api/posts' \\
    -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"account_id":"${demo.account_id}","content":"Posted at '$(date +%T)'","scheduled_at":"now"}'
  curl -s '${state.functions_url}/api/posts?limit=1' -H "authorization: Bearer $TOKEN"

  # the same with supabase-js: read under row level security, and listen
  npx node --input-type=module -e "
    import { createClient } from '@supabase/supabase-js'
    const supabase = createClient('${state.api_url}', '${state.publishable_key}')
    await supabase.auth.signInWithPassword({ email: '${demo.email}', password: '${demo.password}' })
    console.log((await supabase.from('posts').select('status, content, published_at')).data)
    await supabase.realtime.setAuth()
    supabase.channel('workspace:${demo.workspace_id}', { config: { private: true } })
      .on('broadcast', { event: 'events' }, ({ payload }) => console.log(payload.events))
      .subscribe((status) => console.log(status, '- now publish something; Ctrl-C ends'))"

  API reference   ${state.functions_url}/api/docs
`
