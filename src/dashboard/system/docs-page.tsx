import { useQuery } from '@tanstack/react-query';
import { read } from '../api.ts';
import { oneLine } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Json } from '../parts/json.tsx';
import { Loaded } from '../parts/loading.tsx';
import { useTitle } from '../parts/use-title.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema?: { readonly type?: unknown; readonly enum?: readonly unknown[] };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }>
  >;
}

interface Document {
  readonly info: { readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** API documentation, rendered from the OpenAPI document. */
export function DocsPage() {
  const document_ = useQuery({ queryKey: ['openapi'], queryFn: () => read<Document>('/api/openapi.json') });
  useTitle('API · Agentic Batch Processor');
  return (
    <>
      <div className="title">
        <h1>HTTP API</h1>
        <a className="button" href="/api/openapi.json" download="abp-openapi.json">
          OpenAPI 3.1 document
        </a>
      </div>
      <Loaded query={document_}>
        {({ info, paths }) => (
          <>
            <p className="muted">
              {info.description} Errors are problem details (RFC 9457) with a code and the next step.
            </p>
            <pre className="code">curl -H "Authorization: Bearer $TOKEN" {window.location.origin}/api/jobs</pre>
            <Card title={`Operations of version ${info.version}`}>
              {Object.entries(paths).flatMap(([path, methods]) =>
                Object.entries(methods).map(([method, operation]) => (
                  <Endpoint key={operation.operationId} path={path} method={method} operation={operation} />
                )),
              )}
            </Card>
          </>
        )}
      </Loaded>
    </>
  );
}

function Endpoint({
  path,
  method,
  operation,
}: {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}) {
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const success = Object.entries(operation.responses).find(([status]) => status !== 'default');
  const answer = Object.entries(success?.[1].content ?? {})[0];
  return (
    <details className="endpoint" id={operation.operationId}>
      <summary>
        <span className={`method ${method}`}>{method.toUpperCase()}</span>
        <code>{path}</code>
        <span className="muted">{operation.summary}</span>
      </summary>
      <div className="stack" style={{ padding: '0.2rem 0 1.2rem' }}>
        <p>{operation.description}</p>
        {operation.parameters && (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Parameter</th>
                <th scope="col">In</th>
                <th scope="col">Type</th>
                <th scope="col">Meaning</th>
              </tr>
            </thead>
            <tbody>
              {operation.parameters.map(({ name, in: place, required, description, schema }) => (
                <tr key={name}>
                  <td>
                    <code>{name}</code>
                    {required && <span className="muted small"> required</span>}
                  </td>
                  <td>{place}</td>
                  <td className="small mono">{schema?.enum ? schema.enum.join(' | ') : oneLine(schema?.type)}</td>
                  <td>{description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {body !== undefined && (
          <div>
            <h3>Body</h3>
            <Json value={body} label={`Body of ${operation.operationId}`} />
          </div>
        )}
        {answer && (
          <div>
            <h3>
              Answer {success?.[0]} <span className="muted small">{answer[0]}</span>
            </h3>
            {answer[1].schema !== undefined && (
              <Json value={answer[1].schema} label={`Answer of ${operation.operationId}`} />
            )}
          </div>
        )}
      </div>
    </details>
  );
}
