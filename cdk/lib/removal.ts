import { RemovalPolicy } from 'aws-cdk-lib';
import { AppParameter } from '../parameter';

/** What holds data stays when its stack goes, where the parameters say so. */
export function removalPolicy({ keepData }: AppParameter): RemovalPolicy {
  return keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
