"""The commands `team add`, `team list`, `team token`, `team change` and `team remove`: who may use a team's store."""

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from viennatag.cli.options import PLAIN, Command, FormatOption, print_json

if TYPE_CHECKING:
    from viennatag.service.store.database import Database

StoreOption = Annotated[str, Option("--store", help="Database, as in `viennatag serve`.", envvar="VIENNATAG_STORE")]
NameArgument = Annotated[str, Argument(help="Name of a user.")]
_LIMIT = "Images that they may send in a minute; 0 for no limit."

team = typer.Typer(
    name="team",
    help="Say who may use a team's store, and with which token.\n\n"
    "Example: viennatag team add anna --store sqlite:///office.db",
    no_args_is_help=True,
    **PLAIN,
)


@team.command("add", cls=Command)
def add(
    name: NameArgument,
    store: StoreOption,
    role: Annotated[str, Option(help="examiner; lead, who assigns and settles; or program.")] = "examiner",
    images_per_minute: Annotated[int, Option(help=_LIMIT)] = 0,
) -> None:
    """Add a user, and print their token, which is shown this once.

    Example: viennatag team add anna --store sqlite:///office.db
    """
    database = _open(store)
    from viennatag.service.store.access import add_user

    print(add_user(database, name, role, images_per_minute))


@team.command("list", cls=Command)
def list_(store: StoreOption, format_: FormatOption = "table") -> None:
    """List the users.

    Example: viennatag team list --store sqlite:///office.db
    """
    database = _open(store)
    from viennatag.service.store.team import Team

    users = Team(database).users()
    if format_ == "json":
        print_json(users)
        return
    for user in users:
        limit = f"{user['images_per_minute']} images a minute" if user["images_per_minute"] else "no limit"
        print(f"{user['name']}  {user['role']}  {limit}{'' if user['active'] else '  removed'}")


@team.command("token", cls=Command)
def token(name: NameArgument, store: StoreOption) -> None:
    """Print a new token of a user; the old one ends within seconds.

    Example: viennatag team token anna --store sqlite:///office.db
    """
    database = _open(store)
    from viennatag.service.store.access import renew_token

    print(renew_token(database, name))


@team.command("change", cls=Command)
def change(
    name: NameArgument,
    store: StoreOption,
    role: Annotated[str | None, Option(help="examiner, lead or program.")] = None,
    images_per_minute: Annotated[int | None, Option(help=_LIMIT)] = None,
) -> None:
    """Change the role or the limit of a user.

    Example: viennatag team change anna --role lead --store sqlite:///office.db
    """
    database = _open(store)
    from viennatag.service.store.access import change_user

    change_user(database, name, role=role, images_per_minute=images_per_minute)


@team.command("remove", cls=Command)
def remove(name: NameArgument, store: StoreOption) -> None:
    """End a user's token within seconds; their name and their decisions stay.

    Example: viennatag team remove anna --store sqlite:///office.db
    """
    database = _open(store)
    from viennatag.service.store.access import remove_user

    remove_user(database, name)


def _open(store: str) -> "Database":
    from viennatag.errors import require

    for package, extra in (("sqlalchemy", "store"), ("alembic", "store"), ("fastapi", "serve")):
        require(package, extra)
    from viennatag.service.store.database import Database

    return Database(store)
