"""A bundle with a tree of one's own is served: its levels, its tree, its groups."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

import httpx

from tests.service.server import PNG, check_problem, picture, starter, talk
from viennatag.data.labels import LabelSet
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.prediction.predictor import Predictor


def own(names: Mapping[str, str] | None = None) -> Predictor:
    """Return the starter under other names: a tree in which two roots exclude each other."""
    bundle = starter().bundle

    def label(code: str) -> str:
        return (names or {}).get(code, f"label {code}")

    nodes = tuple(
        LabelNode(label(name), label(above) if (above := name.rpartition(".")[0]) else "", f"meaning of {name}",
                  "kind" if name in {"1", "2"} else "")
        for name in bundle.labels.names
    )  # fmt: skip
    labels = LabelSet(LabelTree(nodes, ("top", "middle", "low"), name="own.csv"), tuple(node.label for node in nodes))
    calibration = replace(bundle.postprocessor.calibration, exclusive=labels.exclusive)
    chain = replace(bundle.postprocessor, labels=labels, calibration=calibration, pixel_labels=(), max_crops=0)
    return Predictor(replace(bundle, postprocessor=chain), threads=1)


def test_levels_tree_and_groups_of_ones_own() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/predict?level=top&top=40", content=picture(), headers=PNG)
        found = answer.json()["results"][0]["suggestions"]
        assert {each["level"] for each in found} == {"top"}
        assert {each["code"] for each in found if "group" in each} == {"label 1", "label 2"}
        assert {each.get("group", "kind") for each in found} == {"kind"}
        check_problem(
            await client.post("/v1/predict?level=low1", content=picture(), headers=PNG), 422, "invalid", "top"
        )
        codes = (await client.get("/v1/codes")).json()["codes"]
        assert codes[0] == {
            "code": "label 1", "heading": "meaning of 1", "level": "top", "auxiliary": False, "matched": "",
            "group": "kind",
        }  # fmt: skip
        child = (await client.get("/v1/codes/label 3.1.1")).json()
        assert [each["code"] for each in child["path"]] == ["label 3", "label 3.1", "label 3.1.1"]
        assert child["level"] == "low"
        assert (await client.get("/v1/codes?q=meaning 3.1.1")).json()["codes"][0]["code"] == "label 3.1.1"
        check_problem(await client.get("/v1/codes/nothing"), 404, "not-found", "nothing")
        card = (await client.get("/v1/model")).json()
        assert (card["taxonomy"], card["groups"]) == ("own.csv", {"kind": ["label 1", "label 2"]})
        assert card["parents"]["label 3.1.1"] == "label 3.1"
        assert "label 3" not in card["parents"]

    talk(conversation, predictor=own())


def test_labels_may_hold_any_sign() -> None:
    """A slash ended the address of a label, and a long one was refused."""
    odd = {"26": "a/b", "26.1": "c; d?", "26.3": "x" * 240}

    async def conversation(client: httpx.AsyncClient) -> None:
        for label in odd.values():
            found = await client.get(f"/v1/codes/{quote(label, safe='')}")
            assert found.json()["code"] == label, found.text
            heat = await client.post("/v1/explain", params={"code": label}, content=picture(), headers=PNG)
            assert heat.status_code == 200, heat.text
        check_problem(await client.get("/v1/codes/a%2Fb?lang=en"), 422, "invalid", "'lang'")

    talk(conversation, predictor=own(odd))
