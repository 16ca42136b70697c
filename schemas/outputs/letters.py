"""Headers of `dead-letters`: the source of a record and why it was refused. Key and value are as received."""

from __future__ import annotations

from pydantic import Field

from schemas.outputs.base import OutputModel


class DeadLetterHeaders(OutputModel):
    """Headers as text; the original record's own headers stand before them."""

    source_topic: str = Field(alias="source-topic")
    """The topic without the deployment's prefix."""
    source_partition: str = Field(alias="source-partition", pattern=r"^[0-9]+$")
    source_offset: str = Field(alias="source-offset", pattern=r"^[0-9]+$")
    error_code: str = Field(alias="error-code")
    error_message: str = Field(alias="error-message")
