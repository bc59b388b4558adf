import type { DefineCommand } from '../command.ts';
import { approvals } from './approvals.ts';
import { clone } from './clone.ts';
import { completion } from './completion.ts';
import { cancel, pause, resume } from './control.ts';
import { create } from './create.ts';
import { approve, reject, start } from './decide.ts';
import { demo } from './demo.ts';
import { exportCommand } from './export.ts';
import { wait, watch } from './follow.ts';
import { logs } from './logs.ts';
import { manageUnits, rerun } from './manage.ts';
import { run } from './run.ts';
import { mcp, serve } from './servers.ts';
import { show } from './show.ts';
import { enumerators, preview, prompt, schema } from './sources.ts';
import { status } from './status.ts';
import { units } from './units.ts';
import { update } from './update.ts';
import { deleteCommand, doctor, prune, recover } from './upkeep.ts';

/** All commands in the groups of `abp --help`. A new command is one file and one entry here. */
export const COMMANDS: readonly { readonly heading: string; readonly commands: readonly DefineCommand[] }[] = [
  { heading: 'From a batch file', commands: [run, create, preview, prompt, enumerators, schema] },
  { heading: 'Decide', commands: [start, approve, reject, approvals] },
  { heading: 'Look', commands: [status, watch, wait, units, show, logs] },
  { heading: 'Control', commands: [pause, resume, cancel, ...manageUnits, rerun, update, clone] },
  { heading: 'Results', commands: [exportCommand] },
  {
    heading: 'Servers and maintenance',
    commands: [mcp, serve, recover, deleteCommand, prune, doctor, completion, demo],
  },
];
