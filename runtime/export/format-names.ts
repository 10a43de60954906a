/** One kind of file that a mask can be saved as, for whoever lets a person choose. */
export interface FormatName {
  /** What `--format` takes. */
  readonly id: 'npy' | 'csr' | 'safetensors' | 'json';
  /** For a list of formats. */
  readonly title: string;
  /** Without the dot. */
  readonly extension: string;
  /** One sentence: what is in the file and how to read it. */
  readonly description: string;
}

/** Every format, in the order in which lists show them. */
export const formatNames: readonly FormatName[] = [
  {
    id: 'npy',
    title: 'NumPy dense mask',
    extension: 'npy',
    description: 'Dense bool [queries, keys], true = attend; numpy.load reads it.',
  },
  {
    id: 'csr',
    title: 'SciPy sparse matrix (CSR)',
    extension: 'npz',
    description: 'Compressed sparse rows of bool [queries, keys]; scipy.sparse.load_npz reads it.',
  },
  {
    id: 'safetensors',
    title: 'Tile plan (safetensors)',
    extension: 'safetensors',
    description:
      'The tiles that kernels work on, with the mask of each partial one; metadata says how to read them. Long lists come in parts with an order of tokens each.',
  },
  {
    id: 'json',
    title: 'JSON statistics',
    extension: 'json',
    description: 'Exact counts, density, complexity and the shape; no mask.',
  },
];
