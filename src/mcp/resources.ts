import {
  type McpServer,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
  type Variables,
} from '@modelcontextprotocol/server';
import { toAbpError } from '../domain/error.ts';
import { truncate } from '../orchestrator/truncate.ts';
import { OWN_CALL, toCall } from './call.ts';
import type { Completions } from './completions.ts';
import type { McpHost } from './host.ts';
import { EFFECT_ICONS } from './icons.ts';
import { callTool } from './present/index.ts';
import { presentOverview } from './present/jobs.ts';
import { toProtocolError } from './result.ts';
import { URIS } from './uris.ts';

/** Newest jobs in a list of resources; completion finds all others. */
const LISTED_JOBS = 10;
const NAME_BYTES = 100;
const LISTED_RESULTS = 50;

type Read = (variables: Variables, ctx: ServerContext) => Promise<Record<string, unknown>> | Record<string, unknown>;

/** One kind of resource: its URI or template, its texts, and how it is read. */
interface ResourceDefinition {
  readonly name: string;
  readonly uri: string;
  readonly title: string;
  readonly description: string;
  readonly read: Read;
}

/** Registers the resources: the database, the jobs, each job with its results and units. */
export function registerResources(server: McpServer, host: McpHost, complete: Completions): void {
  const { orchestrator } = host;
  const operation =
    (name: string, input: (variables: Variables) => Record<string, unknown>): Read =>
    (variables, ctx) =>
      callTool(orchestrator, name, input(variables), toCall(host, ctx));

  const fixed: readonly ResourceDefinition[] = [
    {
      name: 'status',
      uri: URIS.status,
      title: 'All work at a glance',
      description: 'Jobs by status, active jobs, and jobs that wait for a person.',
      read: async () => presentOverview(await orchestrator.call('store_overview', {}, OWN_CALL)),
    },
    {
      name: 'jobs',
      uri: URIS.jobs,
      title: 'All jobs',
      description: 'The jobs, newest first, with status, units and cost.',
      read: operation('list_jobs', () => ({})),
    },
  ];
  for (const { name, uri, read, ...about } of fixed) {
    const config = { ...about, mimeType: 'application/json', icons: [EFFECT_ICONS.read] };
    server.registerResource(name, uri, config, (url, ctx) => contents(url, () => read({}, ctx)));
  }

  const jobResources = (uri: (jobId: string) => string, what: string) => async () => ({
    resources: (await orchestrator.call('complete_job', { limit: LISTED_JOBS }, OWN_CALL)).jobs.map((job) => ({
      uri: uri(job.job_id),
      name: `${job.job_id} ${what}`,
      title: `${truncate(job.name, NAME_BYTES)}: ${what}`,
      // The icon of the template is enough.
      icons: undefined,
    })),
  });
  const templates: readonly (ResourceDefinition & Pick<ResourceTemplateCallbacks, 'list'>)[] = [
    {
      name: 'job',
      uri: URIS.job('{job_id}'),
      title: 'A job',
      description: 'Status of a job: units by status, rate, cost, failures, its test, sensible next calls.',
      list: jobResources(URIS.job, 'status'),
      read: operation('get_job_status', ({ job_id }) => ({ job_id })),
    },
    {
      name: 'results',
      uri: URIS.results('{job_id}'),
      title: 'Results of a job',
      description: `The first ${LISTED_RESULTS} completed units with the beginning of each result; export_results writes all.`,
      list: jobResources(URIS.results, 'results'),
      read: operation('list_units', ({ job_id }) => ({ job_id, status: ['completed'], limit: LISTED_RESULTS })),
    },
    {
      name: 'unit',
      uri: URIS.unit('{job_id}', '{index}'),
      title: 'A unit',
      description: 'One unit with its payload, attempts and result.',
      // A list could have a hundred thousand entries.
      list: undefined,
      read: operation('get_unit', ({ job_id, index }) => ({ job_id, unit: isIndex(index) ? Number(index) : index })),
    },
  ];
  for (const { name, uri, list, read, ...about } of templates) {
    const callbacks = { list, complete: { job_id: complete.jobIds, index: complete.units } };
    const config = { ...about, mimeType: 'application/json', icons: [EFFECT_ICONS.read] };
    server.registerResource(name, new ResourceTemplate(uri, callbacks), config, (url, variables, ctx) =>
      contents(url, () => read(variables, ctx)),
    );
  }
}

/** True for the decimal digits of an index; other texts that JavaScript converts to a number are no index. */
function isIndex(text: unknown): boolean {
  return typeof text === 'string' && /^\d+$/.test(text);
}

type ResourceTemplateCallbacks = ConstructorParameters<typeof ResourceTemplate>[1];

async function contents(
  { href }: URL,
  read: () => Promise<Record<string, unknown>> | Record<string, unknown>,
): Promise<ReadResourceResult> {
  try {
    return { contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify(await read()) }] };
  } catch (error) {
    const refusal = toProtocolError(error);
    throw toAbpError(error).code === 'not_found' ? new ResourceNotFoundError(href, refusal.message) : refusal;
  }
}
