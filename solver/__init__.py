"""Numbers only: ratings, factors, and the loop that fits them. Knows no cell."""

from .lazy import lazy

__getattr__, __all__ = lazy(__name__, {
    "UserError": "errors",
    "Ratings": "data.ratings",
    "read_ratings": "reading.readers", "read_titles": "reading.titles", "read_genres": "reading.genres",
    "Factors": "model.factors", "random_factors": "fitting.start_values",
    "MODELS": "model.models", "predict": "model.models", "predict_table": "model.models",
    "rmse": "core.objective",
    "OPTIMIZERS": "core.optimizers", "SCHEDULES": "core.schedules",
    "mean_prediction": "model.posterior", "standard_deviation": "model.posterior", "point_factors": "model.posterior",
    "split_off": "data.splits", "hold_out": "data.splits", "folds": "data.splits",
    "principal_components": "model.components", "PrincipalComponents": "model.components",
    "Settings": "core.settings",
    "EFFORTS": "fitting.effort", "recipe": "fitting.effort",
    "Epoch": "core.loop",
    "FitResult": "fitting.fit_ratings", "fit": "fitting.fit_ratings",
    "NetFactors": "model.net",
    "find_lr": "fitting.lr_find", "RateTest": "fitting.lr_find",
    "cross_validate": "collab.search", "CrossValidation": "collab.search", "grid_search": "collab.search", "GridSearch": "collab.search",
    "METRICS": "judging.metrics", "Ranking": "judging.ranking", "ranking": "judging.ranking", "auc": "judging.metrics", "hit_rate": "judging.metrics", "ndcg": "judging.metrics",
    "mean_absolute_error": "judging.metrics", "root_mean_squared_error": "judging.metrics",
    "Program": "programs.program", "GOALS": "programs.program", "FEASIBLE": "programs.program",
    "Minimum": "programs.minimising", "Step": "programs.trials", "minimise": "programs.minimising",
    "CollabFilter": "collab.collab_filter", "FoldedIn": "collab.newcomer", "Explanation": "collab.recommend",
})
