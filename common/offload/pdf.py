"""The job that draws a document with Typst, as PDF/UA: `{"source": …, "data": …}` gives the file. For a child only.

`source` is ours; what people wrote goes in as data, which is text to Typst, never markup.
"""

import json
from typing import Any

import typst


def compile_pdf(source: str, data: Any, *, is_plain: bool = False) -> bytes:
    """The file. Raises typst.TypstError, whose text may hold what somebody wrote.

    is_plain: with Typst's own fonts alone; else with those of the system too, where there are any.
    """
    return typst.compile(
        source.encode(),
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        ignore_system_fonts=is_plain,
    )


def work(asked: dict[str, Any]) -> tuple[None, bytes]:
    """See `common.offload.pool.run`."""
    return None, compile_pdf(asked["source"], asked["data"])
