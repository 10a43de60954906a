/** The scheme under which editors show the standard library: its files can be read but not written. */
export const LIBRARY_SCHEME = 'sparse-library';
