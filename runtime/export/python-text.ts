// What exported Python modules have in common.

/** A name inside a Python string of three quotes. */
export function commented(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', "'").replaceAll(/\s+/g, ' ');
}

/** The text of the file, each line behind a hash; Python ends a line at these two characters only. */
export function asComments(source: string | undefined): string {
  if (source === undefined || source.trim() === '') return '';
  const lines = source
    .trimEnd()
    .replaceAll('\0', ' ')
    .split(/\r\n|[\r\n]/);
  return `${lines.map(line => `# ${line}`.trimEnd()).join('\n')}\n\n`;
}

/** How each library takes numbers of a type out of bytes. */
const LIBRARIES = {
  torch: {
    dtypes: '{"I32": torch.int32, "U8": torch.uint8}',
    array:
      'torch.frombuffer(bytearray(file.read(end - begin)), dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)',
  },
  numpy: {
    dtypes: '{"I32": np.int32, "U8": np.uint8}',
    array: 'np.frombuffer(file.read(end - begin), dtype=dtype)',
  },
} as const;

/** A function `_read(path)` that gives the tensors of a .safetensors file by name; it uses `json`. */
export function tensorReader(library: keyof typeof LIBRARIES): string {
  const { dtypes, array } = LIBRARIES[library];
  return `_DTYPES = ${dtypes}


def _read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        tensors = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            file.seek(start + begin)
            dtype = _DTYPES[entry["dtype"]]
            flat = ${array}
            tensors[name] = flat.reshape(entry["shape"])
        return tensors
`;
}
