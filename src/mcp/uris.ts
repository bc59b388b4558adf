/** URIs of resources. The arguments may be placeholders of a URI template. */
export const URIS = {
  status: 'abp://status',
  jobs: 'abp://jobs',
  job: (jobId: string) => `abp://jobs/${jobId}`,
  results: (jobId: string) => `abp://jobs/${jobId}/results`,
  unit: (jobId: string, index: string) => `abp://jobs/${jobId}/units/${index}`,
} as const;

/** True when a URI has the form of a resource, whether or not its job exists. */
export function isResource(uri: string): boolean {
  return /^abp:\/\/(status|jobs(\/[^/]+(\/results|\/units\/\d+)?)?)$/.test(uri);
}
