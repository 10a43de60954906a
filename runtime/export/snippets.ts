import type { FormatName } from './format-names.ts';
import { wgslSnippet } from './wgsl-snippet.ts';

/**
 * A few lines that load an exported file, for whoever pastes them into a program; undefined for pictures and reports, which
 * are looked at. `file` is the name of the file that was asked for, with its ending.
 */
export function loadingSnippet(id: FormatName['id'], file: string): string | undefined {
  const name = JSON.stringify(file);
  const stem = file.replace(/\.[^.]+$/, '');
  const beside = (extension: string): string => JSON.stringify(`${stem}.${extension}`);
  const safetensors = `from safetensors import safe_open

with safe_open(${name}, "pt") as file:
    tensors = {key: file.get_tensor(key) for key in file.keys()}
    metadata = file.metadata()
`;
  switch (id) {
    case 'npy':
      return `import numpy as np

mask = np.load(${name})  # bool, True = attend
`;
    case 'npz-dense':
      return `import numpy as np

mask = np.load(${name})["mask"]  # bool, True = attend
`;
    case 'bits':
      return `import numpy as np

file = np.load(${name})
order = file["bitorder"].item().decode()
mask = np.unpackbits(file["packed"], axis=-1, count=int(file["shape"][-1]), bitorder=order).astype(bool)
`;
    case 'csr':
    case 'bsr':
      return `from scipy.sparse import load_npz

mask = load_npz(${name})  # [queries, keys]
`;
    case 'flex':
      return `${moduleOf(file)}
output = mask.attend(q, k, v)  # uncompiled
# The block-sparse kernel:
# from torch.nn.attention.flex_attention import flex_attention
# output = mask.attend(q, k, v, flex=torch.compile(flex_attention, dynamic=False))
`;
    case 'splash':
      return `${moduleOf(file)}
output = mask.attend(q, k, v)  # on a TPU; interpret=True runs anywhere
`;
    case 'deepspeed':
      return `${moduleOf(file)}
from deepspeed.ops.sparse_attention import SparseSelfAttention

attention = SparseSelfAttention(mask.MaskSparsityConfig(num_heads))
`;
    case 'fa4':
      return `${safetensors}
from flash_attn.cute.block_sparsity import BlockSparseTensorsTorch

fields = ("mask_block_cnt", "mask_block_idx", "full_block_cnt", "full_block_idx")
blocks = BlockSparseTensorsTorch(**{field: tensors[field].cuda() for field in fields})
# A mask_mod has to look up tensors["bits"][tensors["mask_block_bits"]] where mask_block_cnt is not 0.
`;
    case 'flashmask':
      return `import numpy as np
import paddle
from paddle.nn.functional import flashmask_attention

file = np.load(${name})
rows = paddle.to_tensor(file["startend_row_indices"])
output = flashmask_attention(q, k, v, startend_row_indices=rows, causal=bool(file["causal"]))
`;
    case 'hf':
      return `import json

fields = json.load(open(${name}))  # by kind of model
# config = LongformerConfig(**fields["longformer"]), or for decoders Qwen3Config(**fields["decoder"], ...)
# Where there are global tokens: load_file(${beside('safetensors')})["global_attention_mask"] of safetensors.torch
`;
    case 'onnx':
      return `import onnxruntime

session = onnxruntime.InferenceSession(${name})
output, *_ = session.run(None, {"query": q, "key": k, "value": v})  # float32 [batch, heads, length, dim]
# Where session.get_inputs() has past_key and past_value, use io_binding: present_key and present_value share their memory.
`;
    case 'wgsl':
      return wgslSnippet(stem);
    case 'c':
      return `#include ${name}
`;
    case 'safetensors':
    case 'flashinfer':
    case 'flashinfer-vsa':
    case 'mit-block-sparse':
    case 'sparge':
    case 'triton-layout':
      return safetensors;
    case 'png':
    case 'svg':
    case 'md':
    case 'json':
      return undefined;
  }
}

/** Names of files need not be names of modules. */
function moduleOf(file: string): string {
  return `import importlib.util

spec = importlib.util.spec_from_file_location("mask", ${JSON.stringify(file)})
mask = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mask)`;
}
