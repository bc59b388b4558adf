/** Answer of a port, sync or async; callers await it either way. */
export type Awaitable<T> = T | Promise<T>;
