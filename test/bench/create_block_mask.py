"""create_block_mask of PyTorch at the sizes it survives, as rows of a Markdown table.

    create_block_mask.py [LENGTH...]

Needs PyTorch 2.5 or newer. Uses the GPU where there is one; CUDA_VISIBLE_DEVICES= makes it use the CPU.
"""

import resource
import statistics
import sys
import time
import warnings

try:
    import torch
    from torch.nn.attention.flex_attention import create_block_mask
except ImportError as error:
    sys.exit(f"PyTorch with FlexAttention is needed: {error}")

# The flag still works and is how most code has it.
warnings.filterwarnings("ignore", message=".*_compile flag.*")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RUNS = 3 if DEVICE == "cuda" else 1
LENGTHS = [int(length) for length in sys.argv[1:]] or [4096, 16384, 65536, 262144]


def longformer(b, h, q, k):
    return ((q - k).abs() <= 256) | (q == 0) | (k == 0)


def sliding(b, h, q, k):
    return (q >= k) & (q - k < 4096)


def strided(b, h, q, k):
    return (q >= k) & ((q - k < 128) | ((q - k) % 128 == 0))


def measure(mask, n, compiled):
    def once():
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        create_block_mask(mask, None, None, n, n, device=DEVICE, BLOCK_SIZE=128, _compile=compiled)
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        return 1000 * (time.perf_counter() - start)

    once()
    if DEVICE == "cuda":
        torch.cuda.reset_peak_memory_stats()
    milliseconds = statistics.median(once() for _ in range(RUNS))
    if DEVICE == "cuda":
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return milliseconds, peak / 2**20


name = torch.cuda.get_device_name() if DEVICE == "cuda" else "CPU"
print(f"PyTorch {torch.__version__}, {name}, median of {RUNS} after one run to warm up.")
print()
print("| pattern | n | mode | ms | peak MiB |")
print("|---|---:|---|---:|---:|")
for label, mask in (("Longformer", longformer), ("sliding window", sliding), ("strided", strided)):
    for n in LENGTHS:
        for mode, compiled in (("eager", False), ("compiled", True)):
            try:
                milliseconds, peak = measure(mask, n, compiled)
                print(f"| {label} | {n // 1024}Ki | {mode} | {milliseconds:,.1f} | {peak:,.0f} |", flush=True)
            except Exception as error:  # Out of memory is what this looks for, and compilers fail in many ways.
                what = "out of memory" if isinstance(error, torch.cuda.OutOfMemoryError) else type(error).__name__
                print(f"| {label} | {n // 1024}Ki | {mode} | {what} | |", flush=True)
            if DEVICE == "cuda":
                torch.cuda.empty_cache()
