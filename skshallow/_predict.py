"""Logits of a fitted network on the rows of a user's X."""

from __future__ import annotations

import numpy as np

from ._arrays import FloatArray, Matrix
from ._backprop import Networks, logits, logits_at_once
from ._parameters import Parameters
from ._rows import RowBlocks
from ._threads import one_thread_blas

# Hidden activations up to which a prediction is computed at once: a row takes 14 microseconds, and
# 66 with the buffers of a block. With more of them np.tanh costs more than the buffers. See
# benchmarks/small_problems.py.
_FEW = 2**12


def network_logits(X: Matrix, network: Parameters) -> FloatArray:
    """Logits of a network on every row of X, a new array of shape (n_samples, n_outputs).

    A few rows are done at once; many block by block, on as many threads as BLAS may use.
    """
    dtype = np.result_type(X, network.W1)
    network = Parameters(*(part.astype(dtype, copy=False) for part in network))
    if X.shape[0] * len(network.b1) <= _FEW:
        return logits_at_once(X, network)
    layout = network.layout
    networks = Networks(layout, layout.pack(network)[None])
    with one_thread_blas():
        return RowBlocks(X, None, None, dtype).map_rows(logits, networks, shape=(layout.n_outputs,))
