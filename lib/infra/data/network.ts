import { Stack } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeOfCdk } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';

export interface Network {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  /** Of the functions in the network. */
  readonly functions: SecurityGroup;
}

/**
 * Where functions meet the cache: subnets without a way to the internet, and gateway endpoints (which cost nothing) for
 * what the functions in it need beside, DynamoDB and S3. Null where the environment has none.
 */
export function createNetwork(scope: Construct, { environment }: DeploymentContext): Network | null {
  const { network: settings, platform } = environment;
  if (settings.kind === 'none') return null;
  const { vpc, subnets } =
    settings.kind === 'existing'
      ? existing(scope, settings)
      : isolated(scope, settings.zones, platform === 'aws');
  const functions = new SecurityGroup(scope, 'Functions', {
    vpc,
    description: 'Functions of Millrace',
    allowAllOutbound: false,
  });
  // To the endpoints: their addresses are AWS's, and there is no route to any other.
  functions.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS over the endpoints of the network');
  return { vpc, subnets, functions };
}

function existing(
  scope: Construct,
  {
    vpcId,
    zones,
    subnetIds,
  }: { readonly vpcId: string; readonly zones: readonly string[]; readonly subnetIds: readonly string[] },
) {
  const vpc = Vpc.fromVpcAttributes(scope, 'Network', {
    vpcId,
    availabilityZones: [...zones],
    isolatedSubnetIds: [...subnetIds],
  });
  return { vpc, subnets: vpc.isolatedSubnets };
}

function isolated(
  scope: Construct,
  availabilityZones: readonly string[],
  restrictDefaultSecurityGroup: boolean,
) {
  const vpc = new Vpc(scope, 'Network', {
    availabilityZones: [...availabilityZones],
    ipAddresses: IpAddresses.cidr('10.0.0.0/20'),
    natGateways: 0,
    subnetConfiguration: [{ name: 'isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    restrictDefaultSecurityGroup,
  });
  acknowledge(
    vpc,
    'AwsSolutions-VPC7',
    'There is no way in or out but to DynamoDB and S3: flow logs would show the functions and the cache alone.',
  );
  for (const subnet of vpc.isolatedSubnets)
    acknowledge(
      subnet,
      'CloudFormation-Validate::W3010',
      'Zones are a setting: asking AWS for them takes credentials, and moves subnets when an account gets another.',
    );
  vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
  vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
  acknowledgeOfCdk(Stack.of(scope), 'Custom::VpcRestrictDefaultSG');
  return { vpc: vpc as IVpc, subnets: vpc.isolatedSubnets };
}
