import { APPLICATION_ID } from './file.ts';

/** Lost units are not counted any more. */
const RECOUNT =
  "DELETE FROM unit_counts; INSERT INTO unit_counts (job_id, scope, status, failure_class, count) SELECT job_id, scope, status, ifnull(failure_class, ''), count(*) FROM units GROUP BY 1, 2, 3, 4;";

/**
 * Shell commands that put what can be read of a damaged database into a new one. A copy first: a database that is opened
 * may change. `.dump`, because `.recover` fails on every file where sqlite3 was built without it (Debian 12's is).
 */
export function rescueCommands(path: string): readonly string[] {
  const [damaged, wal, made] = [`${path}.damaged`, `${path}-wal`, `${path}.new`].map(quoted) as [
    string,
    string,
    string,
  ];
  const marks = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = $(sqlite3 ${damaged} 'PRAGMA user_version');`;
  const script = [
    `echo 'PRAGMA auto_vacuum = 2;'`,
    `sqlite3 ${damaged} .dump | sed 's/^ROLLBACK;.*/COMMIT;/'`,
    `echo "${RECOUNT} ${marks}"`,
  ].join('; ');
  return [
    `cp ${quoted(path)} ${damaged}; if [ -f ${wal} ]; then cp ${wal} ${quoted(`${path}.damaged-wal`)}; fi`,
    `(umask 077; { ${script}; } | sqlite3 ${made})`,
    `rm -f ${wal} ${quoted(`${path}-shm`)}; mv ${made} ${quoted(path)}`,
  ];
}

/** One word of a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
