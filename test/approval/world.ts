import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** Stands in whatever a job without powers may not read. */
export const CANARY = 'CANARY-4711';

/** A machine: a home directory with credentials, a project, a source, a place elsewhere, a store, a fake CLI. */
export interface World {
  readonly root: string;
  readonly home: string;
  readonly project: string;
  readonly source: string;
  readonly elsewhere: string;
  readonly store: string;
  /** Where the fake CLI tells how it was started. */
  readonly reports: string;
  /** What other programs make. */
  readonly marker: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A port on which nobody may come. */
  readonly port: number;
  readonly connections: () => number;
}

/** Makes one; its home is the user's until the test ends. */
export async function makeWorld(): Promise<World> {
  const root = temporaryDirectory('property');
  const at = (...names: string[]) => join(root, ...names);
  const home = at('home');
  for (const name of ['.ssh', '.aws', '.config/gh', 'project/src/a', 'project/.git/hooks', 'project/out', 'source/a']) {
    mkdirSync(join(home, name), { recursive: true });
  }
  for (const name of ['elsewhere/a', 'store/runs', 'bin', 'reports']) mkdirSync(at(name), { recursive: true });
  const [project, source, elsewhere, store] = [at('home/project'), at('home/source'), at('elsewhere'), at('store')];
  const items = JSON.stringify([{ name: 'a', kind: CANARY }]);
  for (const file of ['.ssh/id_rsa', '.aws/credentials', '.config/gh/hosts.json'])
    writeFileSync(join(home, file), items);
  const harmless = JSON.stringify([{ name: 'a' }, { name: '../..' }]);
  for (const folder of [project, source, elsewhere]) {
    writeFileSync(join(folder, 'items.json'), harmless);
    writeFileSync(join(folder, 'items.csv'), 'name,n\na,1\n../..,2\n');
    new Database(join(folder, 'items.db'))
      .exec("CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('..')")
      .close();
  }
  symlinkSync(elsewhere, join(project, 'link-out'));
  symlinkSync(join(home, '.ssh'), join(project, 'link-keys'));
  symlinkSync(join(home, '.ssh/id_rsa'), join(project, 'link-key.json'));
  symlinkSync(join(project, 'src'), join(project, 'link-in'));
  const [reports, marker] = [at('reports'), at('marker')];
  writeFileSync(at('bin/claude'), fakeCli(reports), { mode: 0o755 });
  writeFileSync(join(project, 'evil.sh'), `#!/bin/sh\necho "$0" >>'${marker}'\n`, { mode: 0o755 });
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const environment = {
    PATH: `${at('bin')}:/usr/bin:/bin`,
    HOME: home,
    ANTHROPIC_API_KEY: 'sk-dummy',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    GITHUB_TOKEN: CANARY,
    LANG: 'C.UTF-8',
  };
  // What the enumerators and the bounds take for the user's.
  const before = process.env.HOME;
  process.env.HOME = home;
  onTestFinished(() => {
    process.env.HOME = before;
  });
  const { port } = server.address() as { port: number };
  return {
    root,
    home,
    project,
    source,
    elsewhere,
    store,
    reports,
    marker,
    environment,
    port,
    connections: () => connections,
  };
}

/** A `claude` that writes down how it was started, and succeeds. */
const fakeCli = (reports: string) => `#!/bin/sh
case "$1" in
  --version) echo '9.9.9 (Claude Code)'; exit;;
  --help) printf '  %s x\\n' --add-dir --append-system-prompt --effort --json-schema --max-budget-usd --output-format \\
    --permission-mode --print --resume --safe-mode --session-id --setting-sources --settings --strict-mcp-config \\
    --system-prompt --tools --disable-slash-commands; exit;;
esac
report='${reports}'/"$ABP_JOB_ID.$$"
printf '%s\\0' "$@" >"$report.argv"
env -0 >"$report.env"
pwd -P >"$report.cwd"
cat >/dev/null
echo '{"type":"system","subtype":"init","model":"m","tools":[]}'
echo '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","num_turns":1,"total_cost_usd":0,"usage":{},"permission_denials":[],"result":"done","structured_output":{}}'
`;
