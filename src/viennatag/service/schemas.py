"""Response schemas for the OpenAPI description; the types of the predictor stay the source."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, computed_field

from viennatag.prediction.predictor import Suggestion

_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
PNG_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"content": _PNG}}
"""The OpenAPI description of a response that is an image."""
_SUGGESTION = Suggestion("3.1.6", "cats", 0.8731, "section", ("3", "3.1", "3.1.6"), True)


class ModelName(BaseModel):
    """The bundle that predicted."""

    name: str = Field(examples=["starter"])
    digest: str = Field(examples=["sha256:4ef94631d634f220"])


class ImageSuggestions(BaseModel):
    """The suggestions for one image, best first."""

    image: str = Field(examples=["logo.png"], description="File name, or image-1, image-2, ... without one.")
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    suggestions: list[Suggestion] = Field(examples=[[_SUGGESTION]])
    note: str = Field("", description="Why nothing is suggested, for an image that is blank; absent otherwise.")


class ErrorDetails(BaseModel):
    """Why an image has no suggestions."""

    title: str = Field(examples=["The image cannot be read"])
    detail: str = Field(examples=["the image is empty (0 bytes)"])
    status: int = Field(examples=[422])


class FailedImage(BaseModel):
    """An unreadable image of a request with several."""

    image: str = Field(examples=["broken.png"])
    error: ErrorDetails


class PredictResponse(BaseModel):
    """The results of all images, in the order of the request."""

    model: ModelName
    results: list[ImageSuggestions | FailedImage]


class BatchResponse(BaseModel):
    """How far a batch is."""

    id: str = Field(examples=["mT7Tg5ZPYvyqXl5dRkTnGw"], description="Its id, which cannot be guessed.")
    images: int = Field(examples=[250], description="Number of its images.")
    done: int = Field(examples=[48], description="Number of its images that have a result.")
    created: datetime
    expires: datetime | None = Field(None, description="When its results are forgotten; null until it is done.")
    detail: str | None = Field(None, description="Why it failed.")

    @computed_field(examples=["running"])  # type: ignore[prop-decorator]
    @property
    def status(self) -> Literal["waiting", "running", "done", "failed"]:
        """Whether it is done."""
        ended: Literal["done", "failed"] = "failed" if self.detail else "done"
        return ended if self.expires else "running" if self.done else "waiting"


class BatchResultsResponse(BaseModel):
    """Results of a batch, in the order of its images."""

    results: list[ImageSuggestions | FailedImage]


class HeatMap(BaseModel):
    """The class activation map of an input of the network, which is square."""

    local_logits: list[list[float]] = Field(description="The logit at each spatial position of the square.")
    box: tuple[float, float, float, float] = Field(
        examples=[(0.0, 0.125, 1.0, 0.875)],
        description="Left, top, right and bottom of the image in that square, as fractions of its side; values below 0 "
        "or above 1 are background that was cropped.",
    )


class ExplainResponse(HeatMap):
    """The heat map of a code."""

    code: str = Field(examples=["3.1.6"])
    score: float = Field(examples=[0.8731])
    heat: list[list[float]] = Field(
        description="The evidence as it is drawn, from 0 to 1: 48 rows of 48 values over the whole image."
    )
    crop: HeatMap | None = Field(
        None, description="The heat map of the crop with the highest logit for the code, if crops were predicted."
    )


class CodeHeading(BaseModel):
    """A code with its heading."""

    code: str = Field(examples=["3.1.6"])
    heading: str = Field(examples=["cats or other small felines"])


class SimilarReferenceMark(BaseModel):
    """A reference mark that looks like the image."""

    image: str = Field(examples=["EM500000003.jpg"])
    codes: list[CodeHeading]
    similarity: float = Field(ge=-1, le=1, examples=[0.8731], description="Cosine similarity; 1 for the same image.")
    thumbnail: str | None = Field(description="Address of its thumbnail, if the service has the reference images.")


class SimilarResponse(BaseModel):
    """Reference marks, the most similar first."""

    marks: list[SimilarReferenceMark]


class CodeLevel(CodeHeading):
    """A code with its heading and level."""

    level: str = Field(examples=["section"])
    auxiliary: bool = Field(
        False, description="Whether it is an auxiliary section; known once WIPO's file is imported."
    )
    group: str = Field("", description="The group of exclusive labels that it belongs to.")
    matched: str = Field("", description="The words that it was found by, if its own heading lacks them.")


class CodeList(BaseModel):
    """Codes, the best match first, or in the order of the classification."""

    codes: list[CodeLevel]


class CodeResponse(CodeLevel):
    """A code with its ancestors and children."""

    path: list[CodeHeading] = Field(description="From the category down to the code itself.")
    children: list[CodeLevel]
    known_to_model: bool = Field(description="Whether the model can suggest it.")
    note: str = Field("", description="WIPO's note on it; known once WIPO's file is imported.")


class ModelResponse(BaseModel):
    """The model card: training, metrics, labels and thresholds."""

    name: str = Field(examples=["starter"])
    digest: str
    team: bool = Field(description="Whether the service has a store, in which a team shares its work.")
    taxonomy: str = Field(examples=["vienna"])
    image_size: int = Field(examples=[160], description="Side of the network's square input, in pixels.")
    labels: dict[str, int] = Field(examples=[{"category": 28, "division": 121, "section": 962}])
    training: dict[str, Any]
    metrics: dict[str, Any]
    thresholds: dict[str, float] = Field(description="A code is suggested when its score is at least this.")
    auxiliary: list[str] = Field(description="Auxiliary sections among its labels, once WIPO's file is imported.")
    parents: dict[str, str] | None = Field(
        description="The label above each one that has one; null for Vienna codes, which tell it themselves."
    )
    groups: dict[str, list[str]] = Field(
        examples=[{"colour": ["red", "blue"]}], description="The groups of exclusive labels, each with its labels."
    )


class HealthResponse(BaseModel):
    """The state of the service."""

    status: str = Field(examples=["ok"])
