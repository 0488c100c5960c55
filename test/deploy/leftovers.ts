import { jsonOf, type SendSigned, type SignedRequest } from './signed-requests.ts';

/**
 * All that there is of the kinds that stacks are made of, as `kind name`: what is there after everything was destroyed
 * and was not before is left over.
 */
export async function inventory(send: SendSigned): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const [kind, { request, names }] of Object.entries(listings)) {
    const answer = await send(request);
    if (answer.status !== 200) jsonOf(answer, `list ${kind}`);
    for (const name of names(answer.body)) found.add(`${kind} ${name}`);
  }
  return found;
}

interface Listing {
  readonly request: SignedRequest;
  readonly names: (body: string) => readonly string[];
}

const json = (service: string, target: string, member: string, name: string | null): Listing => ({
  request: {
    service,
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' },
    body: '{}',
  },
  names: body => membersOf(body, member, name),
});

const rest = (service: string, path: string, member: string, name: string): Listing => ({
  request: { service, method: 'GET', path },
  names: body => membersOf(body, member, name),
});

const query = (service: string, Action: string, Version: string, element: string): Listing => ({
  request: {
    service,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ Action, Version }).toString(),
  },
  names: body => elementsOf(body, element),
});

function membersOf(body: string, member: string, name: string | null): readonly string[] {
  const list = (JSON.parse(body) as Record<string, unknown[] | undefined>)[member] ?? [];
  return list.map(one => String(name === null ? one : (one as Record<string, unknown>)[name]));
}

const elementsOf = (xml: string, element: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(match => match[1]!);

const listings: Readonly<Record<string, Listing>> = {
  stack: query('cloudformation', 'DescribeStacks', '2010-05-15', 'StackName'),
  table: json('dynamodb', 'DynamoDB_20120810.ListTables', 'TableNames', null),
  stream: json('kinesis', 'Kinesis_20131202.ListStreams', 'StreamNames', null),
  bucket: { request: { service: 's3', method: 'GET' }, names: body => elementsOf(body, 'Name') },
  function: rest('lambda', '/2015-03-31/functions/', 'Functions', 'FunctionName'),
  mapping: rest('lambda', '/2015-03-31/event-source-mappings/', 'EventSourceMappings', 'UUID'),
  'log group': json('logs', 'Logs_20140328.DescribeLogGroups', 'logGroups', 'logGroupName'),
  role: query('iam', 'ListRoles', '2010-05-08', 'RoleName'),
  policy: query('iam', 'ListPolicies', '2010-05-08', 'PolicyName'),
  'HTTP API': rest('apigateway', '/v2/apis', 'items', 'apiId'),
  'delivery stream': json('firehose', 'Firehose_20150804.ListDeliveryStreams', 'DeliveryStreamNames', null),
  database: json('glue', 'AWSGlue.GetDatabases', 'DatabaseList', 'Name'),
  alarm: query('monitoring', 'DescribeAlarms', '2010-08-01', 'AlarmName'),
  dashboard: query('monitoring', 'ListDashboards', '2010-08-01', 'DashboardName'),
  topic: query('sns', 'ListTopics', '2010-03-31', 'TopicArn'),
  'VPC endpoint': query('ec2', 'DescribeVpcEndpoints', '2016-11-15', 'vpcEndpointId'),
  VPC: query('ec2', 'DescribeVpcs', '2016-11-15', 'vpcId'),
};
