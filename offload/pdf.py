"""The job that draws a document with Typst, as PDF/UA: `{"source": …, "data": …}` gives the file. For a child only.

`source` is ours; what people wrote goes in as data, which is text to Typst, never markup.
"""

import json
from typing import Any

import typst


def compile_pdf(source: str, data: Any) -> bytes:
    """The file. Raises typst.TypstError, whose text may hold what somebody wrote."""
    return typst.compile(
        source.encode(), format="pdf", pdf_standards=["ua-1"], sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )


def work(asked: dict[str, Any]) -> tuple[None, bytes]:
    """See `offload.pool.run`."""
    return None, compile_pdf(asked["source"], asked["data"])
