"""What results and fitted objects share: a table of themselves, and parameters as scikit-learn asks for them."""

import inspect
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from viennatag.errors import MissingExtraError, OptionError, require


class TabularResult:
    """A result that is a table, in Python and in a notebook."""

    @abstractmethod
    def to_dataframe(self) -> Any:
        """Return the result as a pandas DataFrame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """

    def _repr_html_(self) -> str | None:
        try:
            frame = self.to_dataframe()
        except MissingExtraError:  # a notebook then shows the plain text
            return None
        table: str = frame.to_html(max_rows=40, float_format="{:.3f}".format, border=0, index=False, na_rep="–")
        return table


def to_frame(columns: Mapping[str, Any]) -> Any:
    """Return columns as a pandas DataFrame.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    return require("pandas", "scikit").DataFrame(dict(columns))


class Parameters:
    """Options of the constructor by name, so that scikit-learn can clone an object and search over them."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the options; `deep` is there for scikit-learn."""
        return {name: getattr(self, name) for name in _option_names(type(self))}

    def set_params(self, **options: Any) -> Self:
        """Set options and return the object.

        Raises:
            OptionError: If there is no such option.
        """
        known = _option_names(type(self))
        for name, value in options.items():
            if name not in known:
                raise OptionError(f"{type(self).__name__} has no option {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = {name: value for name, value in self.get_params().items() if value is not defaults[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"


def _option_names(kind: type) -> list[str]:
    return list(inspect.signature(kind).parameters)
