"""Small documents of each format, made as the programs make them, for the tests of the readers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from PIL import Image

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
WP = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
PIC = 'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def png(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(out, "PNG")
    return out.getvalue()


def write_zip(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def run(text: str) -> str:
    return f"<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>"


def paragraph(*runs: str, style: str = "") -> str:
    look = f"<w:pPr><w:pStyle w:val='{style}'/></w:pPr>" if style else ""
    return f"<w:p>{look}{''.join(runs)}</w:p>"


def docx(path: Path, *body: str) -> Path:
    """A Word file of paragraphs as XML; the relation rId9 is a picture."""
    styles = "".join(
        f"<w:style w:type='paragraph' w:styleId='{own}'><w:name w:val='heading {level}'/></w:style>"
        for level, own in enumerate(("berschrift1", "berschrift2"), 1)
    )
    styles += "<w:style w:type='paragraph' w:styleId='Title'><w:name w:val='Title'/></w:style>"
    kinds = (
        "<Default Extension='rels' "
        "ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        "<Default Extension='xml' ContentType='application/xml'/>"
        "<Default Extension='png' ContentType='image/png'/>"
    )
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return write_zip(
        path,
        {
            "[Content_Types].xml": f"<Types xmlns='{PACKAGE}/content-types'>{kinds}<Override "
            f"PartName='/word/document.xml' ContentType='{main}'/></Types>",
            "_rels/.rels": f"<Relationships xmlns='{PACKAGE}/relationships'>"
            f"<Relationship Id='rId1' Type='{RELATIONS}/officeDocument' "
            "Target='word/document.xml'/></Relationships>",
            "word/_rels/document.xml.rels": f"<Relationships xmlns='{PACKAGE}/relationships'>"
            f"<Relationship Id='rId9' Type='{RELATIONS}/image' Target='media/a.png'/>"
            f"<Relationship Id='rId2' Type='{RELATIONS}/styles' Target='styles.xml'/>"
            "</Relationships>",
            "word/media/a.png": png(),
            "word/styles.xml": f"<w:styles {W}>{styles}</w:styles>",
            "word/document.xml": f"<w:document {W} {R} {A} {WP} {PIC}><w:body>{''.join(body)}"
            "</w:body></w:document>",
        },
    )


PICTURE = (
    "<w:r><w:drawing><wp:inline><wp:docPr id='1' name='a'/><a:graphic><a:graphicData "
    "uri='http://schemas.openxmlformats.org/drawingml/2006/picture'><pic:pic><pic:blipFill>"
    "<a:blip r:embed='rId9'/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>"
    "</w:drawing></w:r>"
)


def pdf(
    path: Path,
    pages: list[list[tuple[float, float, float, str]]],
    encrypted: bool = False,
    rules: str = "",
    bold: tuple[str, ...] = (),
):
    """A PDF whose pages hold texts at (x, y, size), in points from the lower left corner; a page
    without any holds a filled rectangle. rules: what else is drawn on each page. bold: these texts
    are."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    ]
    kids = []
    for texts in pages:
        drawn = [
            f"BT /F{1 + (text in bold)} {size} Tf {x} {y} Td ({text}) Tj ET"
            for x, y, size, text in texts
        ]
        stream = "\n".join([*drawn, rules] if drawn else ["0.5 g 50 50 400 400 re f"])
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    if encrypted:
        secret = "00" * 32
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /O <{secret}> /U <{secret}> /P -4 >>")
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    secret = f"/Encrypt {len(objects)} 0 R /ID [<00> <00>] " if encrypted else ""
    trailer = (
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R {secret}>>\nstartxref\n{len(out)}\n%%EOF"
    )
    path.write_text(
        f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}",
        encoding="latin-1",
    )
    return path
