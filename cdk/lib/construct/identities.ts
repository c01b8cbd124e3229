import { Stack } from 'aws-cdk-lib';
import { IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, wildcard } from '../acknowledge';

/** The roles of the tasks. What a role may do with a resource is added where that resource is made. */
export class Identities extends Construct {
  /** Fargate itself: pulls images, writes logs, reads the secrets that a container begins with. */
  readonly execution: IRole;
  /** The API and the bastion beside it. */
  readonly back: IRole;
  /** The pages and the bastion beside them. */
  readonly front: IRole;
  /** The task that migrates; it may nothing at all. */
  readonly migration: IRole;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.execution = this.role('Execution', 'Fargate starts tasks with it');
    this.back = this.role('Back', 'Tasks of the API');
    this.front = this.role('Front', 'Tasks of the pages');
    this.migration = this.role('Migration', 'The task that migrates the tables');
    this.allowSessions(this.back);
    this.allowSessions(this.front);
  }

  private role(id: string, description: string): Role {
    const { account, region } = Stack.of(this);
    return new Role(this, id, {
      description,
      // Only tasks of this account and region, not whoever gets ECS to ask for it.
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${region}:${account}:*` },
        },
      }),
    });
  }

  /** What Session Manager's agent needs in a task: for `execute-command` and for forwarded ports. */
  private allowSessions(role: IRole): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        sid: 'Sessions',
        actions: [
          'ssmmessages:CreateControlChannel',
          'ssmmessages:CreateDataChannel',
          'ssmmessages:OpenControlChannel',
          'ssmmessages:OpenDataChannel',
        ],
        resources: ['*'],
      }),
    );
    acknowledge(role, {
      [wildcard('*')]: 'The four actions of ssmmessages know no resources.',
    });
  }
}
