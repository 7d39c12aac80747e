"""All compiled kernels, with the names that `reference` has; importing this imports numba."""

from .adamw_kernel import adamw_kernel, catch_up_kernel
from .predict_kernel import predict_kernel
from .sgd_kernel import sgd_kernel
from .sort_kernel import sort_kernel

__all__ = ["adamw_kernel", "catch_up_kernel", "predict_kernel", "sgd_kernel", "sort_kernel"]
