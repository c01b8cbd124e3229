import { CfnElement, Stack, Validations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** Findings of cdk-nag that stand, each with its reason, beside what they are about. */
export function acknowledge(scope: IConstruct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) {
    Validations.of(scope).acknowledge({ id, reason });
  }
}

/** The finding that a policy names more than one resource; each is acknowledged by itself. */
export function wildcard(resource: string): string {
  return `AwsSolutions-IAM5[Resource::${resource}]`;
}

/** The finding that a policy names more than one action. */
export function wildAction(action: string): string {
  return `AwsSolutions-IAM5[Action::${action}]`;
}

/** How cdk-nag writes a resource of the same template, or an attribute of it. */
export function written(made: IConstruct, attribute?: string): string {
  const id = Stack.of(made).getLogicalId(made.node.defaultChild as CfnElement);
  return attribute ? `<${id}.${attribute}>` : `<${id}>`;
}
