"""The API conforms to its OpenAPI description, by property-based tests."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import positive_data_acceptance
from schemathesis.schemas import BaseSchema

from tests.service.server import running


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    with running(log=tmp_path_factory.mktemp("service") / "log") as (_, port):
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")


def ask_everything(api: BaseSchema, examples: int) -> int:
    """Send random valid and invalid requests to each operation, and return how many."""
    asked = 0
    for found in api.get_all_operations():
        operation = found.ok()
        # Random bytes are no image, so a body that fits its description may still be refused.
        excluded = [positive_data_acceptance] if operation.body else []
        for mode in schemathesis.GenerationMode:

            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal asked
                asked += 1
                case.call_and_validate(excluded_checks=excluded)  # noqa: B023 - run at once

            with suppress(Unsatisfiable):  # a request without parameters cannot be invalid
                ask()
    return asked


def test_the_description_holds(api: BaseSchema) -> None:
    assert ask_everything(api, 10) > 60


@pytest.mark.slow
def test_the_description_holds_for_many_requests(api: BaseSchema) -> None:
    assert ask_everything(api, 250) > 1500
