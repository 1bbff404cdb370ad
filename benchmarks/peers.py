"""Other ways to fit the same network, one class each, for `speed.py`.

A peer says whether it can run here, fits a `Problem` from the start that a seed gives, and returns
seconds, iterations, evaluations and the fitted weights in this project's form, from which
`objective` computes F independently of all of them. Each stops by its own rule at tol = 1e-4.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_expit, log_softmax
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skshallow import ShallowTanhClassifier
from skshallow._outputs import output_for
from skshallow._parameters import Layout, Parameters
from skshallow._rows import RowBlocks

TOL = 1e-4
MAX_ITER = 5000


@dataclass
class Problem:
    """Standardised rows, and the network and penalty to fit to them."""

    name: str
    X: np.ndarray
    y: np.ndarray
    n_hidden: int
    alpha: float

    @property
    def n_classes(self) -> int:
        return int(self.y.max()) + 1

    @property
    def layout(self) -> Layout:
        output = output_for(self.n_classes, multilabel=False)
        return Layout(self.X.shape[1], self.n_hidden, output.n_outputs)

    def start(self, seed: int) -> Parameters:
        """The start of ShallowTanhClassifier and of MLPClassifier with this random_state."""
        return self.layout.unpack(self.layout.initial(np.random.RandomState(seed)))


@dataclass
class Run:
    """What a fit took, and the weights it found; None where a peer does not say."""

    seconds: float
    weights: Any = None
    n_iter: int | None = None
    n_evaluations: int | None = None


def objective(problem: Problem, weights: Any) -> float:
    """F of a network, written out in float64."""
    W1, b1, W2, b2 = (np.asarray(part, np.float64) for part in weights)
    Z = np.tanh(problem.X.astype(np.float64) @ W1 + b1) @ W2 + b2
    if problem.n_classes == 2:
        losses = -log_expit(np.where(problem.y == 1, 1, -1) * Z.ravel())
    else:
        losses = -log_softmax(Z, axis=1)[np.arange(len(Z)), problem.y]
    penalty = 0.5 * problem.alpha * ((W1**2).sum() + (W2**2).sum())
    return float((losses.sum() + penalty) / len(Z))


def timed_fit(model: Any, problem: Problem, threads: int | None) -> float:
    with warnings.catch_warnings(), threadpool_limits(threads, "blas"):
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model.fit(problem.X, problem.y)
        return time.perf_counter() - start


def median_seconds(function: Callable[[], Any], repeat: int, warm_up: float = 0.3) -> float:
    """Median seconds of a call, after so many seconds of calls.

    Without them, the first tenth of a second finds both threads on one processor.
    """
    begin = time.perf_counter()
    while time.perf_counter() - begin < warm_up:
        function()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


class Ours:
    """ShallowTanhClassifier as a user gets it, but for the scaling that is done already."""

    name = "ShallowTanhClassifier"

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters

    def unavailable(self) -> str | None:
        return None

    def model(self, problem: Problem, seed: int) -> ShallowTanhClassifier:
        return ShallowTanhClassifier(
            problem.n_hidden, alpha=problem.alpha, standardize=False, tol=TOL, max_iter=MAX_ITER
        ).set_params(random_state=seed, **self.parameters)

    def fit(self, problem: Problem, seed: int) -> Run:
        model = self.model(problem, seed)
        seconds = timed_fit(model, problem, None)
        weights = [model.coefs_[0], model.intercepts_[0], model.coefs_[1], model.intercepts_[1]]
        return Run(seconds, weights, model.n_iter_)

    def evaluations(self, problem: Problem, seed: int) -> int:
        """Passes over the rows in such a fit, counted in another one."""
        count, original = [0], RowBlocks.reduce

        def counting(self: Any, kernel: Any, networks: Any, *args: Any, **options: Any) -> Any:
            count[0] += len(networks.thetas)
            return original(self, kernel, networks, *args, **options)

        RowBlocks.reduce = counting  # type: ignore[method-assign]
        try:
            timed_fit(self.model(problem, seed), problem, None)
        finally:
            RowBlocks.reduce = original  # type: ignore[method-assign]
        return count[0]


class MLP:
    """MLPClassifier, with BLAS as it comes or held to one thread."""

    def __init__(self, solver: str, threads: int | None) -> None:
        self.solver, self.threads = solver, threads
        self.name = f"MLPClassifier {solver}" + (", one thread" if threads == 1 else "")

    def unavailable(self) -> str | None:
        return None

    def model(self, problem: Problem, seed: int, **parameters: Any) -> MLPClassifier:
        model = MLPClassifier(
            (problem.n_hidden,), activation="tanh", solver=self.solver, alpha=problem.alpha
        ).set_params(random_state=seed, tol=TOL, **parameters)
        if self.solver == "lbfgs":
            model.set_params(max_fun=10 * MAX_ITER, max_iter=parameters.get("max_iter", MAX_ITER))
        return model

    def fit(self, problem: Problem, seed: int, **parameters: Any) -> Run:
        model = self.model(problem, seed, **parameters)
        seconds = timed_fit(model, problem, self.threads)
        weights = [model.coefs_[0], model.intercepts_[0], model.coefs_[1], model.intercepts_[1]]
        return Run(seconds, weights, model.n_iter_)

    def evaluations(self, problem: Problem, seed: int) -> int | None:
        if self.solver != "lbfgs":
            return None
        count, model = [0], self.model(problem, seed)
        original = model._loss_grad_lbfgs

        def counting(*args: Any) -> Any:
            count[0] += 1
            return original(*args)

        model._loss_grad_lbfgs = counting
        timed_fit(model, problem, 1)
        return count[0]


class Nnet:
    """R's nnet: C code, BFGS with the whole matrix.

    Its units are sigmoids, sigmoid(a) = (1 + tanh(a / 2)) / 2, so its weights are twice ours, and
    its decay d, for which it adds d w^2 to the sum of losses, is alpha / 8; none on biases.
    """

    name = "R nnet"

    def unavailable(self) -> str | None:
        if shutil.which("Rscript") is None:
            return "Rscript is not installed (Debian: r-base-core, r-cran-nnet)"
        command = ["Rscript", "--vanilla", "-e", "library(nnet)"]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            return "R has no package nnet (Debian: r-cran-nnet)"
        return None

    def fit_all(self, problem: Problem, seeds: list[int]) -> list[Run]:
        d, h, K = problem.layout.n_features, problem.n_hidden, problem.layout.n_outputs
        starts, decay = [], []
        for seed in seeds:
            W1, b1, W2, b2 = problem.start(seed)
            first = np.vstack([2 * b1, 2 * W1])  # a column a unit, its bias first
            second = np.vstack([b2 - W2.sum(axis=0), 2 * W2])
            starts.append(np.concatenate([first.T.ravel(), second.T.ravel()]))
        for size, units in ((d, h), (h, K)):
            decay += ([0.0] + [problem.alpha / 8] * size) * units
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            Y = np.eye(K)[problem.y] if K > 1 else problem.y[:, None]
            for name, table in (("X", problem.X), ("Y", Y), ("starts", starts), ("decay", [decay])):
                np.savetxt(path / name, np.asarray(table), fmt="%.17g")
            script = Path(__file__).with_name("nnet.R")
            command = ["Rscript", "--vanilla", str(script), folder, str(h), str(K), str(MAX_ITER)]
            subprocess.run(command, check=True)
            found = np.loadtxt(path / "found", ndmin=2)
        runs = []
        for seconds, *weights in found:
            first = np.reshape(weights[: (d + 1) * h], (h, d + 1)).T / 2
            second = np.reshape(weights[(d + 1) * h :], (K, h + 1)).T
            W2 = second[1:] / 2
            parts = [first[1:], first[0], W2, second[0] + W2.sum(axis=0)]
            runs.append(Run(seconds, parts))
        return runs


class Torch:
    """PyTorch's L-BFGS with its strong Wolfe line search, 1 or 2 threads, whichever is faster."""

    name = "PyTorch L-BFGS"

    def unavailable(self) -> str | None:
        if importlib.util.find_spec("torch") is None:
            return "PyTorch is not installed"
        return None

    def closure(self, problem: Problem, seed: int) -> tuple[Any, list[Any]]:
        """A function that computes F and its gradient once, and the parameters."""
        import torch

        X = torch.as_tensor(problem.X)
        binary = problem.n_classes == 2
        y = torch.as_tensor(problem.y.astype(problem.X.dtype)[:, None] if binary else problem.y)
        start = problem.start(seed)
        parameters = [torch.tensor(p, dtype=X.dtype, requires_grad=True) for p in start]
        functional = torch.nn.functional
        loss = functional.binary_cross_entropy_with_logits if binary else functional.cross_entropy

        def evaluate() -> Any:
            for parameter in parameters:
                parameter.grad = None
            W1, b1, W2, b2 = parameters
            Z = torch.addmm(b2, torch.tanh(torch.addmm(b1, X, W1)), W2)
            penalty = 0.5 * problem.alpha * ((W1**2).sum() + (W2**2).sum())
            value = loss(Z, y) + penalty / len(X)
            value.backward()
            return value

        return evaluate, parameters

    def fit(self, problem: Problem, seed: int) -> Run:
        import torch

        runs = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            start = time.perf_counter()
            evaluate, parameters = self.closure(problem, seed)
            optimizer = torch.optim.LBFGS(
                parameters, max_iter=MAX_ITER, max_eval=10 * MAX_ITER, tolerance_grad=TOL
            )
            optimizer.param_groups[0].update(line_search_fn="strong_wolfe", tolerance_change=0)
            optimizer.step(evaluate)
            seconds = time.perf_counter() - start
            state = optimizer.state[parameters[0]]
            weights = [parameter.detach().numpy() for parameter in parameters]
            runs.append(Run(seconds, weights, state["n_iter"], state["func_evals"]))
        return min(runs, key=lambda run: run.seconds)

    def evaluation_seconds(self, problem: Problem, repeat: int) -> float:
        import torch

        best = np.inf
        for threads in (1, 2):
            torch.set_num_threads(threads)
            best = min(best, median_seconds(self.closure(problem, 0)[0], repeat))
        return best


class Skorch:
    """skorch's classifier with Adam, batches of 128 and its 10 epochs, as a user starts with it.

    Weight decay on the mean loss is alpha / n; it acts on biases too, and for two classes there are
    two outputs, of whose weights the difference is what counts: its F is another.
    """

    name = "skorch Adam, 10 epochs"

    def unavailable(self) -> str | None:
        if importlib.util.find_spec("skorch") is None:
            return "skorch is not installed"
        return None

    def fit(self, problem: Problem, seed: int) -> Run:
        import torch
        from skorch import NeuralNetClassifier

        torch.manual_seed(seed)
        torch.set_num_threads(1)
        layers = [
            torch.nn.Linear(problem.X.shape[1], problem.n_hidden, dtype=torch.float32),
            torch.nn.Tanh(),
            torch.nn.Linear(problem.n_hidden, problem.n_classes, dtype=torch.float32),
        ]
        model = NeuralNetClassifier(
            torch.nn.Sequential(*layers),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            optimizer__weight_decay=problem.alpha / len(problem.X),
            train_split=None,
            verbose=0,
        )
        begin = time.perf_counter()
        model.fit(problem.X.astype(np.float32), problem.y.astype(np.int64))
        seconds = time.perf_counter() - begin
        (W1, b1), (W2, b2) = (
            (layer.weight.detach().numpy().T, layer.bias.detach().numpy())
            for layer in (model.module_[0], model.module_[2])
        )
        if problem.n_classes == 2:
            W2, b2 = W2[:, 1:] - W2[:, :1], b2[1:] - b2[:1]
        return Run(seconds, [W1, b1, W2, b2], len(model.history))


class Reference:
    """Another kind of model, for its time alone."""

    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name

    def unavailable(self) -> str | None:
        return None

    def fit(self, problem: Problem, seed: int) -> Run:
        return Run(timed_fit(self.model, problem, None))


MLP_ONE = MLP("lbfgs", 1)
PEERS: list[Any] = [
    Ours(),
    MLP_ONE,
    MLP("lbfgs", None),
    MLP("adam", 1),
    MLP("adam", None),
    Nnet(),
    Torch(),
    Skorch(),
    Reference(LogisticRegression(max_iter=1000), "LogisticRegression"),
    Reference(HistGradientBoostingClassifier(random_state=0), "HistGradientBoostingClassifier"),
]
