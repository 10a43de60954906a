"""Attention of other libraries on the shapes of `npm run bench:gpu`, as JSON.

    peers.py OUT.json [LENGTH...]
    peers.py --processor

PyTorch's FlexAttention, compiled, each pattern in a process of its own; dense scaled_dot_product_attention; and, where
transformers is installed, the self-attention of Hugging Face's Longformer and BigBird. 12 heads of 64. Needs a CUDA device.
Times are medians of CUDA events over 20 runs after a warm-up, milliseconds. --processor needs no such device: it prints the
processor's milliseconds for FlexAttention, compiled, on one thread, for the Longformer mask of `npm run bench:cpu`.
"""

import concurrent.futures
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")
HEADS, DIM, BLOCK = 12, 64, 64
RUNS = 20
PATIENCE = 400
LOCK = os.path.join(tempfile.gettempdir(), "sparse-attention-peers.lock")


def median_ms(torch, call):
    for _ in range(5):
        call()
    torch.cuda.synchronize()
    # Compiling is done by now. Others may be at it, but only one measures at a time, after the device has woken up.
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begun = time.monotonic()
        while time.monotonic() - begun < 0.3:
            for _ in range(10):
                call()
            torch.cuda.synchronize()
        return measured(torch, call)


def measured(torch, call):
    times = []
    for _ in range(RUNS):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[len(times) // 2]


def tensors(torch, tokens, precision):
    kind = torch.float16 if precision == "f16" else torch.float32
    return [torch.randn(1, HEADS, tokens, DIM, device="cuda", dtype=kind) for _ in range(3)]


def mask_of(torch, pattern, tokens):
    if pattern == "Longformer":
        return lambda b, h, q, k: ((q - k).abs() <= 256) | (q == 0) | (k == 0)
    if pattern == "sliding 4096":
        return lambda b, h, q, k: (q >= k) & (q - k < 4096)
    if pattern == "strided":
        return lambda b, h, q, k: (q >= k) & ((q - k < 128) | ((q - k) % 128 == 0))
    if pattern == "BigBird":
        blocks = tokens // BLOCK
        table = torch.zeros(blocks, blocks, dtype=torch.bool, device="cuda")
        index = torch.arange(blocks, device="cuda")
        table[(index[:, None] - index[None, :]).abs() <= 1] = True
        table[[0, -1], :] = True
        table[:, [0, -1]] = True
        table.scatter_(1, torch.rand(blocks, blocks, device="cuda").topk(3, dim=1).indices, True)
        return lambda b, h, q, k: table[q // BLOCK, k // BLOCK]
    raise ValueError(pattern)


def flex(pattern, tokens, precision):
    import torch
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    q, k, v = tensors(torch, tokens, precision)
    mask = mask_of(torch, pattern, tokens)
    # Compiled it takes as long as compiling attention; not compiled it needs memory for all pairs, several times.
    blocks = create_block_mask(mask, None, None, tokens, tokens, device="cuda", _compile=tokens > 16384)
    compiled = torch.compile(flex_attention, dynamic=False)
    return median_ms(torch, lambda: compiled(q, k, v, block_mask=blocks))


def dense(_, tokens, precision):
    import torch

    q, k, v = tensors(torch, tokens, precision)
    return median_ms(torch, lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v))


def longformer(_, tokens, precision):
    import torch
    from transformers import LongformerConfig
    from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

    config = LongformerConfig(hidden_size=HEADS * DIM, num_attention_heads=HEADS, attention_window=[512], num_hidden_layers=1)
    kind = torch.float16 if precision == "f16" else torch.float32
    module = LongformerSelfAttention(config, 0).to("cuda", kind).eval()
    hidden = torch.randn(1, tokens, HEADS * DIM, device="cuda", dtype=kind)
    mask = torch.zeros(1, tokens, device="cuda", dtype=kind)
    mask[0, 0] = 10000
    masked, globally = mask < 0, mask > 0
    with torch.no_grad():
        return median_ms(
            torch,
            lambda: module(
                hidden, attention_mask=mask, is_index_masked=masked, is_index_global_attn=globally, is_global_attn=True
            ),
        )


def bigbird(_, tokens, precision):
    import torch
    from transformers import BigBirdConfig, BigBirdModel

    config = BigBirdConfig(
        hidden_size=HEADS * DIM,
        num_attention_heads=HEADS,
        num_hidden_layers=1,
        block_size=BLOCK,
        num_random_blocks=3,
        max_position_embeddings=tokens,
        attention_type="block_sparse",
    )
    from transformers.models.big_bird.modeling_big_bird import BigBirdBlockSparseAttention

    kind = torch.float16 if precision == "f16" else torch.float32
    module = BigBirdBlockSparseAttention(config, seed=0).to("cuda", kind).eval()
    hidden = torch.randn(1, tokens, HEADS * DIM, device="cuda", dtype=kind)
    ones = torch.ones(1, tokens, device="cuda", dtype=kind)
    blocked, band, origin, to = BigBirdModel.create_masks_for_block_sparse_attn(ones, BLOCK)
    with torch.no_grad():
        return median_ms(torch, lambda: module(hidden, band, origin, to, blocked, blocked))


def on_one_core(tokens=4096):
    import torch
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    torch.set_num_threads(1)
    q, k, v = [torch.randn(1, HEADS, tokens, DIM) for _ in range(3)]
    blocks = create_block_mask(mask_of(torch, "Longformer", tokens), None, None, tokens, tokens, device="cpu")
    compiled = torch.compile(flex_attention)
    times = []
    with torch.no_grad():
        for _ in range(2 + RUNS):
            begun = time.process_time()
            compiled(q, k, v, block_mask=blocks)
            times.append(1000 * (time.process_time() - begun))
    return sorted(times[2:])


LIBRARIES = {
    "FlexAttention": (flex, ["Longformer", "sliding 4096", "BigBird", "strided"], 65536),
    "SDPA, dense": (dense, ["full"], 16384),
    "Hugging Face module": (longformer, ["Longformer"], 16384),
    "Hugging Face module ": (bigbird, ["BigBird"], 16384),
}


def measure(case):
    library, pattern, tokens, precision = case
    row = {"library": library.strip(), "pattern": pattern, "tokens": tokens, "precision": precision, "ms": None}
    # A process of its own: what one compiles or leaves in memory does not touch the next.
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    # Cases run side by side: compiler threads of each would only be in each other's way.
    alone = {**os.environ, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=alone)
    except subprocess.TimeoutExpired:
        return {**row, "problem": f"it did not end within {PATIENCE} seconds"}
    if done.returncode != 0:
        return {**row, "problem": done.stderr.strip().split("\n")[-1]}
    return {**row, "ms": float(done.stdout.strip().split("\n")[-1])}


def main(out, lengths):
    import torch

    cases = [
        (library, pattern, tokens, precision)
        for library, (_, patterns, longest) in LIBRARIES.items()
        for pattern in patterns
        for tokens in lengths
        if tokens <= longest
        for precision in (["f16", "f32"] if library != "FlexAttention" or pattern == "Longformer" else ["f16"])
    ]
    rows = []
    # Compiling takes minutes and runs side by side.
    with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        for done in concurrent.futures.as_completed(pool.submit(measure, case) for case in cases):
            rows.append(done.result())
            print(rows[-1], flush=True)
            # What is known is kept, also when somebody loses patience.
            with open(out, "w") as file:
                json.dump({"device": torch.cuda.get_device_name(), "rows": rows}, file, indent=1)


if __name__ == "__main__":
    if sys.argv[1] == "--case":
        library, pattern, tokens, precision = json.loads(sys.argv[2])
        print(LIBRARIES[library][0](pattern, tokens, precision))
    elif sys.argv[1] == "--processor":
        times = on_one_core()
        print(f"median {times[RUNS // 2]:.0f} ms, {times[0]:.0f} to {times[-1]:.0f}")
    else:
        main(sys.argv[1], [int(length) for length in sys.argv[2:]] or [4096, 16384, 65536])
