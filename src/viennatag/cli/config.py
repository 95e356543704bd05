"""Options of the commands that train: a TOML file and single settings besides the command line."""

import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from viennatag.cli.options import Command, fail

if TYPE_CHECKING:
    from click import Context

    from viennatag.training.config import TrainConfig

ConfigOption = Annotated[
    Path | None, Option("--config", help="TOML file of options; see `viennatag train --show-config`.")
]
SetOption = Annotated[
    list[str] | None, Option("--set", metavar="KEY=VALUE", help="Set any option of the TOML file; may be repeated.")
]


class ConfigCommand(Command):
    """A command that points at --set for an option that is only a key of --config."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Return the arguments left over."""
        from click import NoSuchOption

        try:
            return super().parse_args(ctx, args)
        except NoSuchOption as exc:
            from viennatag.training.config import find_key

            key = find_key(exc.option_name.lstrip("-").replace("-", "_"))
            if key is not None:
                told = f"No such option {exc.option_name!r}; set it with --set {key}=VALUE"
                raise NoSuchOption(exc.option_name, told, ctx=exc.ctx) from exc
            raise


def parse_duration(text: str) -> float:
    """Return seconds from a text such as 30m, 3h, 90s or 90."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found or not float(found[1]):
        fail(f"--budget {text!r}: expected a time such as 30m, 3h or 90s")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def read_options(
    config: Path | None,
    given: Mapping[str, tuple[str, object]],
    settings: Sequence[str] | None,
    *,
    used: Container[str] | None = None,
) -> "TrainConfig":
    """Return what --config, the options of the command line and --set ask for; each overrides those before it.

    `given` has the option and value (None if not given) of each key that has an option of its own; `used` are the
    only keys, or tables of keys, that --set may set, None is all of them.
    """
    from viennatag.training.config import Setting, options_from, parse_settings, read_config

    changed = parse_settings(settings or ())
    unused = [
        each.key
        for each in changed
        if used is not None and each.key not in used and each.key.partition(".")[0] not in used
    ]
    if unused:
        fail(f"--set {unused[0]}: this command does not use it; see its --help for the keys that it uses")
    stated = [Setting(key, value, option) for key, (option, value) in given.items() if value is not None]
    return options_from([*(read_config(config) if config else ()), *stated, *changed])
