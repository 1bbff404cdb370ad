from hypothesis import HealthCheck, settings

# The same examples in every run, and no limit of time on machines that may be busy.
settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("deterministic")
