import { LANE_GUARDS } from './lane-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(LANE_GUARDS)
