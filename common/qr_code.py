"""This module draws QR codes in this process, so that their text is sent to nobody."""

import qrcode
from qrcode.constants import ERROR_CORRECT_M


def svg(text: str) -> str:
    """Return a QR code (ISO/IEC 18004, level M) as SVG, with its quiet zone of four modules."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    dots = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{dots}"/></svg>'
    )
