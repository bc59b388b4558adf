import type Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import { faultOf } from './faults.ts';
import type { Presence } from './presence.ts';

/** What runs a prepared statement. */
const RUNNERS = ['run', 'get', 'all'] as const;

/**
 * Makes every statement of a database look now and then whether its file is still there, and name what is wrong with the
 * file instead of what SQLite says: the one place through which damage, a full disk and a lost file are told.
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

/** What an error of a statement means; the loss of the file explains all others. */
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
