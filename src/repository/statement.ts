import type Database from 'better-sqlite3';
import { type Compilable, DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Tables } from './schema.ts';

/** Builds SQL only: nothing is ever executed through it, so it needs no connection. */
export const query = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Stands in a query for a value that is bound when it runs. */
class Parameter {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A query built once by Kysely, prepared once by SQLite, run many times. */
export interface Statement<Params, Row> {
  /** Runs a write; the number of rows it changed. */
  run(params: Params): number;
  get(params: Params): Row | undefined;
  all(params: Params): Row[];
}

/**
 * Makes a statement from a builder that gets its parameters as placeholders: `p.jobId` in the builder is bound to
 * `params.jobId` on each run. Compiled and prepared on first use.
 */
export function statement<Params extends object, Row>(
  db: Database.Database,
  build: (p: Params) => Compilable<Row>,
): Statement<Params, Row> {
  let prepared: { stmt: Database.Statement; bind: (params: Params) => unknown[] } | undefined;
  const ready = () => {
    if (prepared) return prepared;
    const placeholders = new Proxy({} as Params, { get: (_, name) => new Parameter(String(name)) });
    const { sql, parameters } = build(placeholders).compile();
    prepared = {
      stmt: db.prepare(sql),
      bind: (params) =>
        parameters.map((value) => (value instanceof Parameter ? params[value.name as keyof Params] : value)),
    };
    return prepared;
  };
  return {
    run(params) {
      const { stmt, bind } = ready();
      return stmt.run(...bind(params)).changes;
    },
    get(params) {
      const { stmt, bind } = ready();
      return stmt.get(...bind(params)) as Row | undefined;
    },
    all(params) {
      const { stmt, bind } = ready();
      return stmt.all(...bind(params)) as Row[];
    },
  };
}

/** Runs a query whose shape depends on its arguments (filters of a list). */
export function allRows<Row>(db: Database.Database, built: Compilable<Row>): Row[] {
  const { sql, parameters } = built.compile();
  return db.prepare(sql).all(...parameters) as Row[];
}

/** Runs a write whose shape depends on its arguments; the number of rows it changed. */
export function runWrite(db: Database.Database, built: Compilable<unknown>): number {
  const { sql, parameters } = built.compile();
  return db.prepare(sql).run(...parameters).changes;
}
