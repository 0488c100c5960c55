/**
 * Stands in bundles for `@aws-sdk/credential-provider-node`, which looks for credentials wherever a machine may have
 * them: Lambda gives them to a function in its environment, and the rest is 100 KB to load at each cold start.
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) {
    throw new Error(
      'AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set: bundles take credentials from there',
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  };
};
