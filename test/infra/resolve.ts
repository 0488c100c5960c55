import { type Resource, type StackName, type Synthesised, stackNames } from './support.ts';

/**
 * Values of templates with every reference replaced by what AWS would have made of it: names and ARNs, of one account
 * and region. What no test needs stays as it is.
 */
export function createResolver(from: Synthesised, { account, region }: { account: string; region: string }) {
  const stacks = new Map(
    stackNames.map(name => [from.stackName(name), from.template(name).toJSON() as TemplateJson]),
  );

  function resolve(value: unknown, stack: string): unknown {
    if (Array.isArray(value)) return value.map(one => resolve(one, stack));
    if (typeof value !== 'object' || value === null) return value;
    const [[key, inner] = ['', null]] = Object.entries(value);
    switch (key) {
      case 'Ref':
        return nameOf(inner as string, stack);
      case 'Fn::GetAtt':
        return attributeOf(...(inner as [string, string]), stack);
      case 'Fn::Join': {
        const [separator, parts] = inner as [string, unknown[]];
        return parts.map(part => resolve(part, stack)).join(separator);
      }
      case 'Fn::GetStackOutput': {
        const { StackName, OutputName } = inner as { StackName: string; OutputName: string };
        const output = stacks.get(StackName)?.Outputs?.[OutputName];
        if (output === undefined) throw new Error(`no output ${OutputName} of ${StackName}`);
        return resolve(output.Value, StackName);
      }
      default:
        return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, stack)]));
    }
  }

  const nameOf = (id: string, stack: string): string => pseudo[id] ?? `${stack}-${id}`.toLowerCase();
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::AccountId': account,
    'AWS::URLSuffix': 'amazonaws.com',
  };

  function attributeOf(id: string, attribute: string, stack: string): string {
    const name = nameOf(id, stack);
    const type = stacks.get(stack)?.Resources[id]?.Type ?? '';
    if (attribute !== 'Arn') return `${name}.${attribute}`;
    if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${name}`;
    const path = arnPaths[type];
    return path === undefined ? `${name}.Arn` : `arn:aws:${path[0]}:${region}:${account}:${path[1]}${name}`;
  }

  return (value: unknown, stack: StackName): unknown => resolve(value, from.stackName(stack));
}

const arnPaths: Readonly<Record<string, readonly [service: string, path: string]>> = {
  'AWS::DynamoDB::GlobalTable': ['dynamodb', 'table/'],
  'AWS::Kinesis::Stream': ['kinesis', 'stream/'],
  'AWS::KMS::Key': ['kms', 'key/'],
  'AWS::Logs::LogGroup': ['logs', 'log-group:'],
  'AWS::Lambda::Function': ['lambda', 'function:'],
};

interface TemplateJson {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}
