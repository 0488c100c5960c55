import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AlarmDefinition } from '../watch/alarms.ts';
import type { metricsOf } from './metrics.ts';

/** CloudWatch's alarms of these definitions. Their description is all that whoever is woken up has to know first. */
export function createAlarms(
  scope: Construct,
  definitions: readonly AlarmDefinition[],
  options: {
    readonly environment: string;
    readonly metricOf: ReturnType<typeof metricsOf>;
    readonly receivers: readonly ITopic[];
    /** The alarms' address in the console. */
    readonly console: string;
  },
): readonly Alarm[] {
  const { environment, metricOf, receivers, console } = options;
  const parent = new Construct(scope, 'Alarm');
  return definitions.map(definition => {
    const { runbook, of, severity, meaning, periods, breaches, threshold, below, whenSilent } = definition;
    const alarm = new Alarm(parent, of === null ? runbook : `${runbook}-${of}`, {
      metric: metricOf(definition.metric, definition),
      threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: breaches,
      comparisonOperator:
        below === true
          ? ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: whenSilent === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: [
        `Severity ${severity}, Millrace ${environment}${of === null ? '' : `, ${of}`}.`,
        meaning,
        `What to do: docs/runbook.md#${runbook}`,
        `Console: ${console}`,
      ].join('\n'),
    });
    for (const receiver of receivers) {
      const action = new SnsAction(receiver);
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
    return alarm;
  });
}
