import type Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import { faultOf } from './faults.ts';
import type { Presence } from './presence.ts';

/** Methods that run a prepared statement. */
const RUNNERS = ['run', 'get', 'all'] as const;

/**
 * Makes every statement of a database check from time to time that its file still exists, and throw the fault of the file
 * instead of SQLite's error: the one place that reports damage, a full disk and a lost file.
 */
export function guard(db: Database.Database, path: string, presence: Presence): void {
  const guarded = <Arguments extends unknown[], T>(run: (...args: Arguments) => T) => {
    return (...args: Arguments): T => {
      presence.checkNowAndThen();
      try {
        return run(...args);
      } catch (error) {
        throw explained(error, path, presence);
      }
    };
  };
  const prepare = db.prepare.bind(db) as (sql: string) => Database.Statement;
  const prepareGuarded = guarded((sql: string) => {
    const statement = prepare(sql);
    for (const name of RUNNERS) {
      const run: (...args: unknown[]) => unknown = statement[name].bind(statement);
      Object.defineProperty(statement, name, { value: guarded(run) });
    }
    return statement;
  });
  Object.assign(db, { prepare: prepareGuarded, pragma: guarded(db.pragma.bind(db)) });
}

/** Translates an error of a statement; a lost file explains all others. */
export function explained(error: unknown, path: string, presence: Presence): unknown {
  if (error instanceof AbpError) return error;
  const fault = faultOf(error, path);
  if (fault === null || fault.code === 'busy') return fault ?? error;
  try {
    presence.check();
  } catch (gone) {
    return gone;
  }
  return fault;
}
