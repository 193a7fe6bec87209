"""This is the job that renders a document with Typst as PDF/UA, from `{"source": …, "data": …}`. It runs only in a
child.

`source` comes from the code. What people wrote is in `data`, which Typst treats as text, never as markup.
"""

import json
from typing import Any

import typst


def compile_pdf(source: str, data: Any, *, is_plain: bool = False) -> bytes:
    """Return the PDF. Raises typst.TypstError, whose message may contain what somebody wrote.

    is_plain: only Typst's own fonts are used; otherwise those of the system too, if there are any.
    """
    return typst.compile(
        source.encode(),
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        ignore_system_fonts=is_plain,
    )


def work(asked: dict[str, Any]) -> tuple[None, bytes]:
    """Return the PDF, for `common.offload.pool.run`."""
    return None, compile_pdf(asked["source"], asked["data"])
