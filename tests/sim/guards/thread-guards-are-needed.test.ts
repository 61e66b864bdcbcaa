import { seeItFail } from './see-it-fail.ts'
import { THREAD_GUARDS } from './thread-guards.ts'

seeItFail(THREAD_GUARDS)
