"""scikit-learn's estimator checks on many variants of both estimators; to run before a release.

    python tests/stress/estimator_checks.py

`tests/test_estimator_checks.py` runs them on fewer, and says which are expected to fail and why.
The script ends with an error if another one fails, or one of these passes.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import SkipTest

import sklearn
from sklearn.utils.estimator_checks import estimator_checks_generator

sys.path.insert(0, str(Path(__file__).parents[1]))

from test_estimator_checks import marks

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

# Their tolerances are for rounding, which the descents on raw features of some checks amplify: as
# in tests/test_estimator_checks.py, those variants end early.
VARIANTS = [
    {"solver": "lbfgs"},
    {"solver": "newton", "alpha": 1.0},
    {"solver": "adam", "max_iter": 50},
    {"solver": "sgd", "max_iter": 50},
    {"n_estimators": 3},
    {"n_init": 2},
    {"class_weight": "balanced"},
    {"warm_start": True},
    {"standardize": False, "max_iter": 20},
    {"early_stopping": True},
    {"n_hidden": 4, "alpha": 1.0},
    {},
]
VARIANTS_CV = [
    {"solver": "lbfgs"},
    {"solver": "newton"},
    {"n_estimators": 3},
    {"class_weight": "balanced"},
    {"standardize": False, "max_iter": 20},
    {"combine": "best"},
    {"combine": "best", "n_estimators": 2},
    {"alphas": [0.1, 1.0, 10.0]},
    {"alphas": [0.1, 1.0, 10.0], "combine": "best"},
    {"cv": 3},
    {"scoring": "accuracy", "combine": "best"},
    {},
]
# Some checks fit 10 to 20 rows, or one row a class: too few to hold rows of each class out.
FEW_ROWS = {
    "check_dont_overwrite_parameters", "check_n_features_in_after_fitting",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data", "check_estimators_nan_inf",
    "check_f_contiguous_array_estimator", "check_methods_sample_order_invariance",
    "check_methods_subset_invariance", "check_fit2d_1feature", "check_dict_unchanged",
    "check_fit2d_predict1d",
}  # fmt: skip


def may_fail(estimator: Any, name: str) -> bool:
    """Whether the estimator is expected to fail a check."""
    if getattr(estimator, "early_stopping", False):
        return name in FEW_ROWS
    return bool(marks(estimator, name))


def main() -> int:
    print(f"scikit-learn {sklearn.__version__}")
    counts: Counter[str] = Counter()
    for Estimator, variants in (
        (ShallowTanhClassifier, VARIANTS),
        (ShallowTanhClassifierCV, VARIANTS_CV),
    ):
        for parameters in variants:
            found: Counter[str] = Counter()
            for instance, check in estimator_checks_generator(Estimator(**parameters)):
                name = getattr(check, "func", check).__name__
                outcome, error = "passed", None
                try:
                    with warnings.catch_warnings(action="ignore"):
                        check(instance)
                except SkipTest:
                    outcome = "skipped"
                except Exception as raised:
                    outcome, error = "failed", raised
                if outcome != "skipped" and may_fail(instance, name):
                    outcome = f"expected to fail and {outcome}"
                found[outcome] += 1
                if outcome in ("failed", "expected to fail and passed"):
                    print(f"{instance}: {name} {outcome}: {error}", flush=True)
            print(f"{Estimator.__name__}({parameters}): {dict(found)}", flush=True)
            counts += found
    print("all:", dict(counts))
    return int(bool(counts["failed"] or counts["expected to fail and passed"]))


if __name__ == "__main__":
    sys.exit(main())
