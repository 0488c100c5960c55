import { describe, expect, test } from 'vitest';
import { oddSettings, prodBut, prodSettings } from './varied.ts';

const odd = prodBut(oddSettings);

describe('the mapping of a stream', () => {
  const mapping = odd.one('AWS::Lambda::EventSourceMapping', 'Processing').Properties;

  test('begins at the oldest record, in order, and reports what failed', () => {
    expect(mapping).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      ParallelizationFactor: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: -1,
      BatchSize: 1_234,
      MaximumBatchingWindowInSeconds: 7,
    });
    expect(mapping).not.toHaveProperty('TumblingWindowInSeconds');
  });

  test.each([
    ['two days', { hours: 48 }, 172_500],
    ['seven days', { days: 7 }, 604_500],
    ['more than Lambda can count', { days: 8 }, undefined],
  ])('retries a stream of %s until five minutes before its end', (_, retention, age) => {
    const settings = prodSettings.streams.interactions!;
    const changed = prodBut({
      streams: { interactions: { ...settings, retention } },
      setAside: { keepFor: { days: 90 } },
    });
    const { Properties } = changed.one('AWS::Lambda::EventSourceMapping', 'Processing');
    expect(Properties.MaximumRecordAgeInSeconds).toBe(age);
  });

  test('puts what no retry could save into the bucket of what is set aside, and calls the alias', () => {
    expect(JSON.stringify(mapping.DestinationConfig)).toMatch(/OnFailure.*FnGetAttSetAside\w+Arn/);
    expect(JSON.stringify(mapping.FunctionName)).toMatch(/transforminteractionsLive\w+.*:live/);
  });

  test('waits for what its function may do', () => {
    const { DependsOn } = odd.one('AWS::Lambda::EventSourceMapping', 'Processing');
    expect(DependsOn).toContainEqual(expect.stringMatching(/^transforminteractionsRoleDefaultPolicy/));
  });
});

describe('the archive', () => {
  const { Properties } = odd.one('AWS::KinesisFirehose::DeliveryStream', 'Processing');
  const destination = Properties.ExtendedS3DestinationConfiguration as Record<string, unknown>;

  test('is Parquet in the layout of Hive, by arrival', () => {
    expect(destination).toMatchObject({
      Prefix: 'events/stream=interactions/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/',
      ErrorOutputPrefix: 'failed/stream=interactions/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/',
      BufferingHints: { IntervalInSeconds: 180, SizeInMBs: 77 },
      DataFormatConversionConfiguration: {
        Enabled: true,
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
        OutputFormatConfiguration: { Serializer: { ParquetSerDe: { Compression: 'SNAPPY' } } },
      },
      CloudWatchLoggingOptions: { Enabled: true },
    });
    expect(destination.EncryptionConfiguration).toHaveProperty('KMSEncryptionConfig');
  });

  test('asks its function for rows, in pieces whose answers stay below 6 MB', () => {
    const { ProcessingConfiguration: processing } = destination as {
      ProcessingConfiguration: {
        Processors: { Parameters: { ParameterName: string; ParameterValue: unknown }[] }[];
      };
    };
    const parameters = Object.fromEntries(
      processing.Processors[0]!.Parameters.map(p => [p.ParameterName, p.ParameterValue]),
    );
    expect(parameters).toMatchObject({
      BufferSizeInMBs: '1',
      BufferIntervalInSeconds: '60',
      NumberOfRetries: '3',
    });
    expect(JSON.stringify(parameters.LambdaArn)).toContain('ArchiverowsLive');
  });

  test('is a table with position, arrival and the event as it was', () => {
    const { TableInput } = odd.one('AWS::Glue::Table', 'Data').Properties as {
      TableInput: {
        StorageDescriptor: { Columns: { Name: string; Type: string }[]; Location: unknown };
        PartitionKeys: { Name: string }[];
      };
    };
    expect(TableInput.StorageDescriptor.Columns.map(({ Name, Type }) => `${Name} ${Type}`)).toEqual([
      'shard string',
      'sequence string',
      'index int',
      'arrival_time bigint',
      'event string',
      'bytes string',
    ]);
    expect(TableInput.PartitionKeys.map(({ Name }) => Name)).toEqual(['date', 'hour']);
    expect(JSON.stringify(TableInput.StorageDescriptor.Location)).toContain('/events/stream=interactions/');
  });
});
