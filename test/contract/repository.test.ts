import { describe } from 'vitest';
import { temporaryStore } from '../helpers/store.ts';
import { dispatcherContract } from './dispatcher.ts';
import { repositoryContract } from './repository.ts';

describe('the repository on SQLite in a file', () => {
  repositoryContract((clock) => temporaryStore({ clock }));
});

describe('the repository on SQLite in memory', () => {
  repositoryContract((clock) => temporaryStore({ clock, path: ':memory:' }));
});

describe('the dispatcher on SQLite in a file', () => {
  dispatcherContract((clock, isDead, isGone) => temporaryStore({ clock, isDead, isGone }));
});

describe('the dispatcher on SQLite in memory', () => {
  dispatcherContract((clock, isDead, isGone) => temporaryStore({ clock, isDead, isGone, path: ':memory:' }));
});
