"""Numbers only: ratings, factors, and the loop that fits them. Knows no cell."""

from .lazy import lazy

__getattr__, __all__ = lazy(__name__, {
    "UserError": "errors", "NoSolution": "errors",
    "Ratings": "ratings",
    "read_ratings": "reading.readers", "read_titles": "reading.titles", "read_genres": "reading.genres",
    "Factors": "factors", "random_factors": "start_values",
    "MODELS": "model", "predict": "model", "predict_table": "model",
    "rmse": "objective",
    "OPTIMIZERS": "optimizers", "SCHEDULES": "schedules",
    "mean_prediction": "posterior", "standard_deviation": "posterior", "point_factors": "posterior",
    "split_off": "splits", "hold_out": "splits", "folds": "splits",
    "principal_components": "components", "PrincipalComponents": "components",
    "Settings": "settings",
    "EFFORTS": "effort", "recipe": "effort",
    "Epoch": "loop",
    "FitResult": "fitting", "fit": "fitting",
    "NetFactors": "net",
    "find_lr": "lr_find", "RateTest": "lr_find",
    "cross_validate": "search", "CrossValidation": "search", "grid_search": "search", "GridSearch": "search",
    "Ranking": "metrics", "ranking": "metrics", "auc": "metrics", "hit_rate": "metrics", "ndcg": "metrics",
    "mean_absolute_error": "metrics", "root_mean_squared_error": "metrics",
    "Program": "programs.program", "LinearModel": "programs.highs", "GOALS": "programs.program", "FEASIBLE": "programs.program",
    "Minimum": "programs.minimum", "Step": "programs.trials", "minimise": "programs.minimising",
    "CollabFilter": "collab.collab_filter", "FoldedIn": "collab.newcomer", "Explanation": "collab.recommend",
})
