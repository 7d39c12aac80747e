"""What scikit-learn asks of an estimator, without depending on it: parameters by signature, tags, a repr."""

from __future__ import annotations

import inspect
from html import escape
from typing import Any, Self

import numpy as np

from solver.errors import UserError


class Estimator:
    """Parameters are the arguments of `__init__`, kept unchanged under their names.

    So `sklearn.base.clone`, GridSearchCV and cross_val_score work with it; scikit-learn is loaded
    only when it asks for its tags itself.
    """

    @classmethod
    def _defaults(cls) -> dict[str, object]:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name. `deep` is scikit-learn's; there are no estimators inside."""
        return {name: getattr(self, name) for name in sorted(self._defaults())}

    def set_params(self, **params) -> Self:
        """Change parameters. Raises UserError for a name that is none."""
        for name, value in params.items():
            if name not in self._defaults():
                raise UserError(f"{type(self).__name__} has no parameter {name!r}. "
                                f"Choose one of: {', '.join(sorted(self._defaults()))}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Shows the parameters that differ from their defaults."""
        changed = (f"{name}={getattr(self, name)!r}" for name, default in self._defaults().items()
                   if getattr(self, name) is not default and getattr(self, name) != default)
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self) -> str:
        """As a notebook shows it: the parameters that differ from their defaults, and in a fitted model what it has learnt."""
        rows = self._in_short() if self.__sklearn_is_fitted__() else {}
        table = "".join(f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
        return f"<pre>{escape(repr(self))}</pre>" + (f"<table>{table}</table>" if table else "")

    def _in_short(self) -> dict[str, str]:
        """What a fitted estimator has learnt, by name."""
        return {}

    def _note_features(self, X) -> None:
        """Keep how many columns a table had, and their names, as scikit-learn's estimators do."""
        shape: tuple[int, ...] = getattr(X, "shape", ())
        names = getattr(X, "columns", ())
        if len(shape) == 2:
            self.n_features_in_ = int(shape[1])
            if len(names) and all(isinstance(name, str) for name in names):
                self.feature_names_in_ = np.array(list(names), object)

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def __sklearn_tags__(self):
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags
        return Tags(estimator_type="regressor", target_tags=TargetTags(required=False), regressor_tags=RegressorTags(),
                    input_tags=InputTags(string=True, categorical=True, allow_nan=True))
