"""Exports masks and opens them with the Python libraries that they are for, as far as those are installed.

    python3 test/consumers/check.py

Every file is compared with the dense mask of the npy format, pair by pair; flex (uncompiled, compiled and, on a graphics
card, backwards), splash (interpreted) and onnx also run, against dense attention under that mask, and models of transformers
show which keys their configured layers saw. Ends with 1 when something differs. What could not be checked because a library
is missing is said.
"""

import ast
import importlib
import json
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Ragged lengths, fewer queries than keys, several heads of which some share keys, queries without keys.
MODELS = """
model Ragged {
  tokens = 300  heads = 4  kv_heads = 2  dim = 64
  attention = sliding(70)
  attention heads [1] = window(40) | global([0, 5])
  attention heads [2, 3] = (random(20) & causal()) - rows([7..20])
}
model Decoding { tokens = 300  queries = 130  heads = 4  kv_heads = 2  dim = 64  attention = sliding(70) }
model Short { tokens = 37  heads = 2  dim = 32  attention = head == 0 ? strided(5) : fixed(4) }
model Blocks { tokens = 512  heads = 2  dim = 32  attention = head == 0 ? blocked(128, diagonal()) : blocked(64, causal()) }
model Windows {
  tokens = 384  heads = 4  dim = 32
  attention = head == 0 ? sliding(70) : head == 1 ? window(40) : head == 2 ? causal() : block(128) & causal()
}
model Sliding { tokens = 75  heads = 4  kv_heads = 2  dim = 32  attention = sliding(9) }
model BlockCausal { tokens = 150  heads = 4  kv_heads = 2  dim = 32  attention = blocked(16, diagonal() | columns([0])) & causal() }
model Decoder { tokens = 96  layers = 3  heads = 2  dim = 16  attention = sliding(20)  attention layers [2] = causal() }
model Chunks { tokens = 96  layers = 2  heads = 2  dim = 16  attention = block(32) & causal() }
model Encoder {
  tokens = 96  layers = 2  heads = 2  dim = 16
  attention = window(16) | global([0, 5])
  attention layers [1] = window(32) | global([0, 5])
}
model Local { tokens = 96  layers = 2  heads = 2  dim = 16  attention = window(16) }
model Alternating { tokens = 96  layers = 3  heads = 2  dim = 16  attention = window(16)  attention layers [0] = full() }
"""
NAMES = ["Ragged", "Decoding", "Short", "Blocks", "Windows", "Sliding", "BlockCausal"]
# Models that transformers has configurations for, and how many layers each has.
CONFIGURED = {"Decoder": 3, "Chunks": 2, "Encoder": 2, "Local": 2, "Alternating": 3}

failures = 0


def report(what, holds, more=""):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'} {what}{more}", flush=True)


def export(folder, name, kind, ending, *options):
    out = folder / f"{name}_{kind.replace('-', '_')}{ending}"
    command = ["node", str(ROOT / "scripts/sparse.mjs"), "export", str(folder / "masks.sparse"), "--of", name]
    subprocess.run([*command, "--format", kind, "--out", str(out), *options], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
    return out


def check_numpy(folder, name, dense):
    import numpy as np

    packed = np.load(export(folder, name, "npz-dense", ".npz", "--all-heads"))
    report(f"{name}: numpy.load of npz-dense", np.array_equal(packed["mask"], dense))
    bits = np.load(export(folder, name, "bits", ".npz", "--all-heads"))
    opened = np.unpackbits(bits["packed"], axis=-1, count=int(bits["shape"][-1]), bitorder=bits["bitorder"].item().decode())
    report(f"{name}: numpy.unpackbits of bits", np.array_equal(opened.astype(bool), dense))


def check_scipy(folder, name, dense):
    from scipy.sparse import load_npz

    for kind in ("csr", "bsr"):
        for head in range(len(dense)):
            opened = load_npz(export(folder, name, kind, ".npz", "--head", str(head), "--force"))
            holds = opened.format == kind and opened.dtype == bool and (opened.toarray() == dense[head]).all()
            report(f"{name}: scipy.sparse.load_npz of {kind}, head {head}", bool(holds))


def check_safetensors(folder, name, dense):
    import numpy as np
    from safetensors import safe_open

    if name != "Blocks":
        return
    with safe_open(export(folder, name, "triton-layout", ".safetensors", "--all-heads"), "np") as file:
        block = int(file.metadata()["block"])
        whole = np.kron(file.get_tensor("layout"), np.ones((1, block, block), dtype=np.int64))
    report(f"{name}: safetensors of triton-layout", np.array_equal(whole.astype(bool), dense))


def check_torch(folder, name, dense):
    import torch
    from torch.nn.attention.flex_attention import flex_attention

    path = export(folder, name, "flex", ".py", "--all-heads")
    sys.path.insert(0, str(folder))
    module = importlib.import_module(path.stem)
    mask = torch.from_numpy(dense)[None]
    heads, queries, keys = dense.shape
    mod = module.make_mask_mod("cpu")
    index = torch.meshgrid(*(torch.arange(size) for size in dense.shape), indexing="ij")
    report(f"{name}: mask_mod of flex", torch.equal(mod(torch.zeros(1).long(), *index), mask[0]))

    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        torch.manual_seed(0)
        kv_heads = heads // 2
        make = lambda count, length: torch.randn(2, count, length, 64, device=device)  # noqa: E731
        q, k, v, gradient = make(heads, queries), make(kv_heads, keys), make(kv_heads, keys), make(heads, queries)
        expected = dense_attention(q, k, v, mask.to(device))
        report_close(f"{name}: flex uncompiled on {device}", module.attend(q, k, v), expected)
        # A mask has one length.
        compiled = torch.compile(flex_attention, dynamic=False)
        report_close(f"{name}: flex compiled on {device}", module.attend(q, k, v, flex=compiled), expected)
        # FlexAttention has no gradients on processors.
        if device == "cuda":
            for tensor in (q, k, v):
                tensor.requires_grad_()
            wanted = torch.autograd.grad(dense_attention(q, k, v, mask.to(device)), (q, k, v), gradient.double())
            found = torch.autograd.grad(module.attend(q, k, v, flex=compiled), (q, k, v), gradient)
            for of, a, b in zip("qkv", found, wanted):
                report_close(f"{name}: gradient of {of} on {device}", a, b)


def check_readme(folder):
    """Runs the Python that the README shows, with a mask and tensors of its own."""
    import numpy as np
    import torch

    (folder / "masks.sparse").write_text("pattern readme = sliding(40) | global([0])\n")
    path = export(folder, "readme", "flex", ".py", "--tokens", "300")
    sys.path.insert(0, str(folder))
    # There the file is called mask.py.
    sys.modules["mask"] = importlib.import_module(path.stem)
    dense = torch.from_numpy(np.load(export(folder, "readme", "npy", ".npy", "--tokens", "300")))
    block = re.search(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S).group(1)
    q, k, v = (torch.randn(1, 2, 300, 32) for _ in range(3))
    expected = dense_attention(q, k, v, dense[None])
    names = {"q": q, "k": k, "v": v}
    # Statement by statement: every one that assigns an output is looked at.
    for statement in ast.parse(block).body:
        names.pop("output", None)
        exec(compile(ast.Module([statement], []), "README.md", "exec"), names)
        if "output" in names:
            report_close(f"README: {ast.unparse(statement)}", names["output"], expected)


def check_jax(folder, name, dense):
    import jax.numpy as jnp
    import numpy as np

    path = export(folder, name, "splash", ".py", "--all-heads")
    sys.path.insert(0, str(folder))
    module = importlib.import_module(path.stem)
    mask = module.mask()
    heads, queries, keys = dense.shape
    padded = np.zeros(mask.shape, dtype=bool)
    padded[:, :queries, :keys] = dense
    # Lazy masks say something of padded queries, which nobody reads.
    real = (slice(None), slice(0, queries))
    found = mask[(slice(None), slice(None), slice(None))]
    report(f"{name}: mask of splash", np.array_equal(found[real], padded[real]))
    random = np.random.default_rng(0)
    pieces = True
    for _ in range(20):
        (a, b), (c, d) = (sorted(random.integers(0, size + 1, 2).tolist()) for size in mask.shape[1:])
        pieces &= all(np.array_equal(each[slice(a, b), slice(c, d)][: queries - a], padded[head, a:b, c:d][: queries - a]) for head, each in enumerate(mask.masks) if a < queries)
    report(f"{name}: pieces of the mask of splash", bool(pieces))
    make = lambda count, length: random.standard_normal((2, count, length, 128), dtype=np.float32)  # noqa: E731
    q, k, v = make(heads, queries), make(heads // 2, keys), make(heads // 2, keys)
    output = np.asarray(module.attend(jnp.asarray(q), jnp.asarray(k), jnp.asarray(v), interpret=True))
    report_difference(f"{name}: splash interpreted", np.abs(output - numpy_attention(q, k, v, dense)).max(), 1e-5)


def check_onnx(folder, name, dense):
    import onnx

    model = onnx.load(export(folder, name, "onnx", ".onnx", "--all-heads", "--force"))
    onnx.checker.check_model(model, full_check=True)
    report(f"{name}: onnx.checker of onnx", model.metadata_props[0].value == name)


def check_onnxruntime(folder, name, dense):
    import numpy as np
    import onnxruntime as ort

    path = export(folder, name, "onnx", ".onnx", "--all-heads", "--force")
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    kv_heads = session.get_inputs()[1].shape[1]
    heads, queries, keys = dense.shape
    random = np.random.default_rng(0)
    make = lambda count, length: random.standard_normal((2, count, length, 32), dtype=np.float32)  # noqa: E731
    q, k, v = make(heads, queries), make(kv_heads, keys), make(kv_heads, keys)
    binding = session.io_binding()
    for input_name, tensor in (("query", q), ("key", k), ("value", v)):
        binding.bind_cpu_input(input_name, tensor)
    for each in ("key", "value"):
        if f"past_{each}" in [found.name for found in session.get_inputs()]:
            # One memory for both, as SparseAttention demands.
            cache = ort.OrtValue.ortvalue_from_numpy(np.zeros_like(k))
            binding.bind_ortvalue_input(f"past_{each}", cache)
            binding.bind_ortvalue_output(f"present_{each}", cache)
    output = ort.OrtValue.ortvalue_from_numpy(np.zeros_like(q))
    binding.bind_ortvalue_output("output", output)
    session.run_with_iobinding(binding)
    found = output.numpy()
    operator = session.get_modelmeta().custom_metadata_map["operator"].split(".")[-1]
    report_difference(f"{name}: onnxruntime {operator}", np.abs(found - numpy_attention(q, k, v, dense)).max(), 1e-5)


def check_transformers(folder):
    import numpy as np
    import torch
    from safetensors.torch import load_file

    for name, layers in CONFIGURED.items():
        path = export(folder, name, "hf", ".json")
        beside = path.with_suffix(".safetensors")
        marked = load_file(beside)["global_attention_mask"] if beside.exists() else None
        dense = [np.load(export(folder, name, "npy", ".npy", "--layer", str(layer), "--force")) for layer in range(layers)]
        inputs = torch.randint(2, 50, (1, len(dense[0])))
        for kind, fields in json.loads(path.read_text()).items():
            torch.manual_seed(0)
            with torch.no_grad():
                found = seen_keys(kind, fields, layers, inputs, marked)
            for layer, (mask, wanted) in enumerate(zip(found, dense)):
                report(f"{name}: {kind} of hf, layer {layer}", np.array_equal(mask.numpy(), wanted))


def seen_keys(kind, fields, layers, inputs, marked):
    """Which keys the queries of each layer saw in a small model of transformers with these fields of its configuration."""
    import transformers as hf

    tokens = inputs.shape[1]
    fields = {key: value for key, value in fields.items() if key != "model_type"}
    sizes = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": layers, "num_attention_heads": 2}
    eager = {"attn_implementation": "eager", "max_position_embeddings": 512}
    if kind in ("longformer", "led"):
        if kind == "longformer":
            config = hf.LongformerConfig(**sizes, **fields, max_position_embeddings=512, pad_token_id=1)
            model = hf.LongformerModel(config)
        else:
            config = hf.LEDConfig(**fields, vocab_size=50, d_model=32, encoder_layers=layers, encoder_attention_heads=2, encoder_ffn_dim=32, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=32, max_encoder_position_embeddings=512)
            model = hf.LEDModel(config).get_encoder()
        output = model.eval()(inputs, global_attention_mask=marked, output_attentions=True)
        places = [] if marked is None else marked[0].nonzero()[:, 0].tolist()
        globally = output.global_attentions or [None] * layers
        return [longformer_mask(*each, places, tokens) for each in zip(output.attentions, globally)]
    if kind == "longt5":
        config = hf.LongT5Config(**fields, vocab_size=50, d_model=32, d_kv=16, d_ff=32, num_layers=layers, num_heads=2)
        output = hf.LongT5EncoderModel(config).eval()(inputs, output_attentions=True)
        return [block_mask(each, tokens) for each in output.attentions]
    if kind == "modernbert":
        model = hf.ModernBertModel(hf.ModernBertConfig(**sizes, **eager, **fields, pad_token_id=0, bos_token_id=1, eos_token_id=1, cls_token_id=1, sep_token_id=1))
    elif "attention_chunk_size" in fields:
        model = hf.Llama4TextModel(hf.Llama4TextConfig(**sizes, **eager, **fields, num_key_value_heads=2, head_dim=16, num_local_experts=1, num_experts_per_tok=1, intermediate_size_mlp=32))
    else:
        model = hf.Qwen3Model(hf.Qwen3Config(**sizes, **eager, **fields, num_key_value_heads=2, head_dim=16, use_sliding_window=True))
    return [each[0, 0] > 0 for each in model.eval()(inputs, output_attentions=True).attentions]


def block_mask(weights, tokens):
    """Which keys each query saw, from the attentions of LongT5: of each block, to the keys of the one before, its own and the next."""
    import torch

    _, blocks, _, length, _ = weights.shape
    mask = torch.zeros(tokens, tokens, dtype=torch.bool)
    for block in range(blocks):
        for row in range(min(length, tokens - block * length)):
            for at in (weights[0, block, 0, row] > 0).nonzero()[:, 0].tolist():
                if 0 <= (j := (block - 1) * length + at) < tokens:
                    mask[block * length + row, j] = True
    return mask


def longformer_mask(local, globally, marked, tokens):
    """Which keys each query saw, from the two kinds of attentions that Longformer returns."""
    import torch

    mask = torch.zeros(tokens, tokens, dtype=torch.bool)
    near = (local.shape[-1] - len(marked) - 1) // 2
    for i in range(tokens):
        if i in marked:
            mask[i] = globally[0, 0, :tokens, marked.index(i)] > 0
            continue
        for at, j in enumerate(marked):
            mask[i, j] = local[0, 0, i, at] > 0
        for at in range(2 * near + 1):
            if 0 <= (j := i - near + at) < tokens and local[0, 0, i, len(marked) + at] > 0:
                mask[i, j] = True
    return mask


def check_deepspeed(folder, name, dense):
    import numpy as np

    if name != "Blocks":
        return
    path = export(folder, name, "deepspeed", ".py", "--all-heads")
    sys.path.insert(0, str(folder))
    module = importlib.import_module(path.stem)
    layout = module.MaskSparsityConfig().make_layout(module.TOKENS).numpy()
    whole = np.kron(layout, np.ones((1, module.BLOCK, module.BLOCK), dtype=np.int64))
    report(f"{name}: make_layout of deepspeed", np.array_equal(whole.astype(bool), dense))


def numpy_attention(q, k, v, mask):
    """In float64, with zeros for a query without keys."""
    import numpy as np

    group = q.shape[1] // k.shape[1]
    k, v = (np.repeat(tensor.astype(np.float64), group, axis=1) for tensor in (k, v))
    scores = np.where(mask, q.astype(np.float64) @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total == 0, 1, total) @ v


def dense_attention(q, k, v, mask):
    """In float64, with zeros for a query without keys."""
    import torch

    group = q.shape[1] // k.shape[1]
    k, v = (tensor.double().repeat_interleave(group, dim=1) for tensor in (k, v))
    scores = (q.double() @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1).nan_to_num(0) @ v


def report_close(what, found, expected):
    error = (found.double() - expected).abs().nan_to_num(float("inf")).max().item()
    report_difference(what, error, 2e-2 if found.is_cuda else 1e-5)


def report_difference(what, error, bound):
    report(what, bool(error < bound), f" (largest difference {error:.1e})")


def main():
    if find_spec("numpy") is None:
        sys.exit("NumPy is needed: it reads the masks that everything is compared with.")
    import numpy as np

    checks = {
        "numpy": check_numpy,
        "scipy": check_scipy,
        "safetensors": check_safetensors,
        "torch": check_torch,
        "jax": check_jax,
        "onnx": check_onnx,
        "onnxruntime": check_onnxruntime,
        "deepspeed": check_deepspeed,
    }
    missing = [library for library in checks if find_spec(library) is None]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "masks.sparse").write_text(MODELS)
        for name in NAMES:
            dense = np.load(export(folder, name, "npy", ".npy", "--all-heads"))
            for library, check in checks.items():
                if library not in missing:
                    check(folder, name, dense)
        if "torch" not in missing:
            check_readme(folder)


    if find_spec("transformers") is not None and find_spec("torch") is not None:
        with tempfile.TemporaryDirectory() as temporary:
            (Path(temporary) / "masks.sparse").write_text(MODELS)
            check_transformers(Path(temporary))
        checks["transformers"] = check_transformers
    else:
        missing.append("transformers")
    versions = {library: __import__(library).__version__ for library in checks if library not in missing}
    print("checked with", json.dumps(versions))
    for library in missing:
        print(f"not checked: {library} is not installed")
    print("not checked: fa4, flashinfer, flashinfer-vsa, flashmask, mit-block-sparse and sparge, whose libraries run on graphics cards only")
    sys.exit(1 if failures else 0)


main()
