"""The choice of a solver by the size of the problem."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from .._arrays import FloatArray
from ._adam import Adam
from ._lbfgs import LBFGS
from ._newton import Newton
from ._protocol import Callback, Ending, Function, Result, Solver

# benchmarks/auto_rule.py: starting with ten epochs of Adam, the time to the F that L-BFGS alone has
# after 100 iterations was 0.6 to 1.7 times as long at 10,000 rows, 0.5 to 1.0 at 30,000 and 0.2 to
# 0.5 at 100,000. A smaller max_iter leaves fewer epochs: at 30,000 rows, F after 1, 3, 5 and 10
# iterations was 0.69, 0.61, 0.60 and 0.53 with L-BFGS, and 0.52, 0.26, 0.21 and 0.18 with Adam.
STOCHASTIC_ROWS = 20_000
STOCHASTIC_EPOCHS = 10

# benchmarks/newton.py: to tol = 1e-4, L-BFGS takes 1.5 to 2.9 times Newton's time with 17 to 49
# parameters of a network for two classes, 1.2 with 67 and 69 for 3 and 5 classes, where a Hessian
# costs more, and 0.6 with 139. Which of them ends in the lower minimum depends on the data.
NEWTON_SIZE = 40


@dataclass(frozen=True)
class Auto:
    """Newton's method if parameters are few, and otherwise L-BFGS.

    If there are many rows, a few epochs of Adam come before L-BFGS.
    """

    batch_size: int | str = "auto"
    learning_rate: str = "cosine"
    learning_rate_init: float | str = "auto"
    shuffle: bool = True

    def solve(
        self,
        function: Function,
        thetas: FloatArray,
        *,
        tol: float | FloatArray,
        max_iter: int,
        callback: Callback,
        random_states: list[np.random.RandomState],
    ) -> list[Result]:
        """See `Solver.solve`."""
        if function.n_samples < STOCHASTIC_ROWS:
            solver: Solver = Newton() if thetas.shape[1] <= NEWTON_SIZE else LBFGS()
            return solver.solve(
                function,
                thetas,
                tol=tol,
                max_iter=max_iter,
                callback=callback,
                random_states=random_states,
            )
        n_epochs = min(STOCHASTIC_EPOCHS, max_iter)
        results = Adam(**asdict(self)).solve(
            function,
            thetas,
            tol=tol,
            max_iter=n_epochs,
            callback=callback,
            random_states=random_states,
        )
        going = [k for k, result in enumerate(results) if result.ending is not Ending.STOPPED]
        if not going or n_epochs == max_iter:
            return results
        then = LBFGS().solve(
            function.take(going),
            np.array([results[k].theta for k in going]),
            tol=np.broadcast_to(tol, len(thetas))[going],
            max_iter=max_iter - n_epochs,
            callback=lambda k, *iterate: callback(going[k], *iterate),
            random_states=[random_states[k] for k in going],
        )
        for k, result in zip(going, then, strict=True):
            results[k] = result._replace(n_iter=result.n_iter + results[k].n_iter)
        return results

    def for_warm_start(self) -> Solver:
        """L-BFGS, because F would rise in the first epochs of Adam."""
        return LBFGS()
