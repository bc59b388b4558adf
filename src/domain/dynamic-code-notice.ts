/** Sentences for the approval text: what a person should know before approving code. */
export const DYNAMIC_CODE_NOTICE =
  'It runs as you, in a process of its own with limits on time, memory and output and without your environment; it may read only the paths it names (and where symbolic links in them lead), and can start no other process. What Node cannot limit: its network access (servers of this machine and its sockets in the file system included), and signals to your other processes.';
