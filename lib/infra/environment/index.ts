export { MillraceError } from '../../kernel/errors.ts';
export { checkAgainstPlan } from './against-plan.ts';
export { type Duration, secondsOf } from './duration.ts';
export {
  deletesData,
  type Environment,
  environment,
  environments,
  selectEnvironments,
} from './environment.ts';
export { SettingsError } from './errors.ts';
export type * from './settings.ts';
