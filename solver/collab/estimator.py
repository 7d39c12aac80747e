"""What scikit-learn asks of an estimator, without depending on it: parameters by signature, tags, a repr."""

from __future__ import annotations

import inspect
from typing import Any, Self

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

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def __sklearn_tags__(self):
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags
        return Tags(estimator_type="regressor", target_tags=TargetTags(required=False), regressor_tags=RegressorTags(),
                    input_tags=InputTags(string=True, categorical=True, allow_nan=True))
