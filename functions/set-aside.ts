import { S3Client } from '@aws-sdk/client-s3';
import { openSetAside, type SetAside } from '../lib/adapters/s3/set-aside.ts';

/** A module of its own, with S3's client: it is loaded with the first event that has to be set aside. */
export const openBucket = (bucket: string): SetAside => openSetAside(new S3Client(), bucket);
