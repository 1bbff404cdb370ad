import os

from hypothesis import HealthCheck, settings

# Several processes run the tests, and threads of BLAS in each would fight for the same processors.
# The tests of threads ask for theirs.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The same examples in every run, and no limit of time on machines that may be busy.
settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("deterministic")
