import { Stack, StackProps } from 'aws-cdk-lib';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { AlarmTopic } from '../construct/alarm-topic';
import { Alarms } from '../construct/alarms';
import { Events } from '../construct/events';
import { Keys } from '../construct/keys';
import { Ledger } from '../construct/ledger';
import { LogArchive } from '../construct/log-archive';
import { MasterAccess } from '../construct/master-access';
import { Notices } from '../construct/notices';
import { ApplicationStack } from './application-stack';

export interface OperationsStackProps extends StackProps {
  readonly parameter: AppParameter;
  readonly keys: Keys;
  readonly ledger: Ledger;
  readonly application: ApplicationStack;
}

/** What tells people, what keeps logs, and what a Salt master needs of this deployment. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { parameter, keys, ledger, application } = props;
    const common = { parameter, key: keys.operations };
    const { topic } = new AlarmTopic(this, 'AlarmTopic', common);
    const archive = new LogArchive(this, 'LogArchive', {
      parameter,
      logKey: keys.operations,
      logGroups: this.kept(props),
    });
    const events = new Events(this, 'Events', common);
    const secretArn = parameter.notices?.webhookSecretArn;
    const notices = secretArn
      ? new Notices(this, 'Notices', { ...common, webhookSecretArn: secretArn })
      : undefined;
    new MasterAccess(this, 'MasterAccess', {
      parameter,
      ledger,
      queue: events.queue,
      topics: notices?.topics ?? [],
      dataKey: keys.data,
      operationsKey: keys.operations,
    });
    new Alarms(this, 'Alarms', {
      parameter,
      topic,
      ledger,
      entrance: application.entrance,
      services: { Back: application.back, Front: application.front },
      functions: {
        LogProcessor: archive.processor,
        Migration: application.migration.handler,
        ...(notices && { Notices: notices.notifier }),
      },
      queues: events.dead ? { Events: events.dead } : {},
    });
  }

  /** Flow logs are not among them: they are many, and end with their days in CloudWatch. */
  private kept({ application, ledger }: OperationsStackProps): Record<string, ILogGroup> {
    const [audit, error, slow] = ledger.logGroups;
    return {
      Api: application.back.logGroup,
      Pages: application.front.logGroup,
      Migrations: application.migration.logGroup,
      ...(audit && { DatabaseAudit: audit }),
      ...(error && { DatabaseErrors: error }),
      ...(slow && { DatabaseSlow: slow }),
    };
  }
}
