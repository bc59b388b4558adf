// Claude Code's Elicitation hook: notes the dialog and answers for the user. Arguments: file to note it in, the answer.
import { appendFileSync, readFileSync } from 'node:fs';

const [file, answer] = process.argv.slice(2);
appendFileSync(file, `${JSON.stringify(JSON.parse(readFileSync(0, 'utf8')))}\n`);
console.log(JSON.stringify({ hookSpecificOutput: { hookEventName: 'Elicitation', ...JSON.parse(answer) } }));
