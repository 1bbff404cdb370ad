"""How a solver can end."""

CONVERGED = 0  # the largest absolute entry of the gradient is at most tol
MAX_ITER = 1  # the limit of iterations came first
STALLED = 2  # no step lowers the objective any further, at rounding level
STOPPED = 3  # the callback asked for it
DIVERGED = 4  # the steps were too large, and the objective overflowed
