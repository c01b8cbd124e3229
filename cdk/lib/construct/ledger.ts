import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { ILogGroup } from 'aws-cdk-lib/aws-logs';
import * as rds from 'aws-cdk-lib/aws-rds';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { AppParameter } from '../../parameter';
import { acknowledge } from '../acknowledge';
import { Journal } from './journal';
import { APP, DATABASE } from './network';

export interface LedgerProps {
  readonly parameter: AppParameter;
  readonly vpc: IVpc;
  /** The database's own group; its rules are made in Firewalls. */
  readonly group: ISecurityGroup;
  /** What the functions that rotate passwords come from: the group of the tasks, which may reach the database. */
  readonly appGroup: ISecurityGroup;
  readonly dataKey: IKey;
  readonly logKey: IKey;
}

export const DATABASE_NAME = 'rescue';
const OWNER = 'rescue';
const APP_USER = 'rescue_app';
const LOGS = ['audit', 'error', 'slowquery'];

/**
 * Aurora MySQL: a writer and a reader in two zones, and two users.
 *
 * The owner makes tables. The app's user reads and writes rows; its password is rotated by alternating between two
 * users, so that a task which still knows the last one goes on working until it is started anew.
 */
export class Ledger extends Construct {
  readonly cluster: rds.DatabaseCluster;
  readonly owner: ISecret;
  readonly appUser: ISecret;
  readonly logGroups: ILogGroup[];

  constructor(scope: Construct, id: string, props: LedgerProps) {
    super(scope, id);
    const name = `rescuebot-${props.parameter.envName}`;
    // Made before the cluster, which would make them without retention and without a key.
    this.logGroups = LOGS.map(
      (kind) =>
        new Journal(this, `Log-${kind}`, {
          name: `/aws/rds/cluster/${name}/${kind}`,
          parameter: props.parameter,
          key: props.logKey,
        }).logGroup,
    );
    this.cluster = this.makeCluster(name, props);
    this.cluster.node.addDependency(...this.logGroups);
    [this.owner, this.appUser] = this.makeUsers(props);
  }

  private makeCluster(name: string, props: LedgerProps): rds.DatabaseCluster {
    const { database, keepData } = props.parameter;
    const engine = rds.DatabaseClusterEngine.auroraMysql({
      version: rds.AuroraMysqlEngineVersion.VER_3_10_3,
    });
    const instance = {
      enablePerformanceInsights: true,
      performanceInsightEncryptionKey: props.dataKey,
    };
    const cluster = new rds.DatabaseCluster(this, 'Cluster', {
      engine,
      clusterIdentifier: name,
      defaultDatabaseName: DATABASE_NAME,
      credentials: rds.Credentials.fromGeneratedSecret(OWNER, { encryptionKey: props.dataKey }),
      vpc: props.vpc,
      vpcSubnets: DATABASE,
      securityGroups: [props.group],
      writer: rds.ClusterInstance.serverlessV2('Writer', instance),
      // As large as the writer at any time, so that it can take over at once.
      readers: [rds.ClusterInstance.serverlessV2('Reader', { ...instance, scaleWithWriter: true })],
      serverlessV2MinCapacity: database.minAcu,
      serverlessV2MaxCapacity: database.maxAcu,
      storageEncrypted: true,
      storageEncryptionKey: props.dataKey,
      parameterGroup: this.makeParameters(engine),
      backup: { retention: Duration.days(database.backupDays), preferredWindow: '17:00-18:00' },
      preferredMaintenanceWindow: 'sat:18:30-sat:19:30',
      copyTagsToSnapshot: true,
      iamAuthentication: true,
      cloudwatchLogsExports: LOGS,
      deletionProtection: keepData,
      removalPolicy: keepData ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
    });
    acknowledge(cluster, {
      'AwsSolutions-RDS11': 'Port 3306 is what was asked for; nothing but the tasks reaches it.',
      'AwsSolutions-RDS14': 'Serverless v2 has no backtrack; point-in-time recovery covers it.',
      'AwsSolutions-RDS16':
        'The general log would hold each statement with its values, so scripts and passwords; the others are kept.',
      ...(keepData ? {} : { 'AwsSolutions-RDS10': 'dev is made to be deleted.' }),
    });
    return cluster;
  }

  private makeParameters(engine: rds.IClusterEngine): rds.ParameterGroup {
    return new rds.ParameterGroup(this, 'Parameters', {
      engine,
      description: 'TLS for everybody, UTF-8, UTC, what is slow is told',
      parameters: {
        require_secure_transport: 'ON',
        tls_version: 'TLSv1.2,TLSv1.3',
        character_set_server: 'utf8mb4',
        collation_server: 'utf8mb4_0900_ai_ci',
        time_zone: 'UTC',
        // A result may have 10 MB; the library wants 16 MB or more.
        max_allowed_packet: '67108864',
        slow_query_log: '1',
        long_query_time: '1',
        server_audit_logging: '1',
        server_audit_events: 'CONNECT,QUERY_DCL,QUERY_DDL',
      },
    });
  }

  private makeUsers(props: LedgerProps): [ISecret, ISecret] {
    const owner = this.cluster.secret;
    if (!owner) {
      throw new Error('The cluster has no secret of its own.');
    }
    const rotation = {
      automaticallyAfter: Duration.days(30),
      vpcSubnets: APP,
      securityGroup: props.appGroup,
    };
    this.cluster.addRotationSingleUser({ ...rotation });
    const appUser = new rds.DatabaseSecret(this, 'AppUser', {
      username: APP_USER,
      masterSecret: owner,
      encryptionKey: props.dataKey,
    }).attach(this.cluster);
    this.cluster.addRotationMultiUser('AppUser', {
      ...rotation,
      secret: appUser,
      // The user is not there yet: the first migration makes it.
      rotateImmediatelyOnUpdate: false,
    });
    return [owner, appUser];
  }
}
