"""Numbers only: ratings, factors, and the loop that fits them. Knows no cell."""

from .lazy import lazy

__getattr__, __all__ = lazy(__name__, {
    "UserError": "errors",
    "Ratings": "ratings",
    "read_ratings": "readers", "read_titles": "readers",
    "Factors": "factors", "random_factors": "start_values",
    "MODELS": "model", "predict": "model", "predict_table": "model",
    "rmse": "objective",
    "OPTIMIZERS": "optimizers", "SCHEDULES": "schedules",
    "split_off": "splits", "folds": "splits",
    "Settings": "settings",
    "Epoch": "loop",
    "FitResult": "fitting", "fit": "fitting",
})
