/** What a port may answer at once or later: to be awaited either way. */
export type Awaitable<T> = T | Promise<T>;
