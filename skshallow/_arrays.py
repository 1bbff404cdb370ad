"""What arrays are called in annotations; shapes stand beside the names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]  # float32 or float64
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
Matrix = Any  # dense, a memory map, or CSR: SciPy has no type for that
