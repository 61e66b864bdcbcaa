import { GO_GUARDS } from './go-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(GO_GUARDS)
