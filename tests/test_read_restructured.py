"""reStructuredText as the manuals of products are written in it, for Sphinx."""

from pathlib import Path

import pytest
from clock import is_in_proportion

from mm_support.knowledge.ingest import Reading, read_source
from mm_support.knowledge.readers.base import File, Remarks
from mm_support.knowledge.readers.restructured import read_restructured

MANUAL = """\
:orphan:

.. _start-here:

The kettle
==========

Press :guilabel:`On`, see |lamp|, then :menuselection:`Menu --> Clean` (:ref:`cleaning`,
:ref:`opening hours <hours>`, :doc:`/shop/return-policy`, :meth:`~kettle.Lid.open`).

.. a comment that nobody shall read

.. |lamp| replace:: the blue lamp

.. note::
   :class: wide

   Keep the receipt.

.. warning::

   Never open the lid.

.. tabs::

   .. group-tab:: Europe

      Use 230 volts.

.. list-table:: Prices
   :header-rows: 1

   * - Model
     - Price
   * - Small
     - 30 euros
   * - Large
     - 40 euros

.. code-block:: console
   :caption: terminal
   :emphasize-lines: 1

   $ kettle --on

.. _cleaning:

Cleaning it
-----------

1. Fill it with vinegar::

      half a litre

2. Boil it.

.. image:: kettle.png
   :nonsense: yes

.. toctree::

   other

.. include:: /etc/hostname

.. raw:: html

   <script>alert(1)</script>
"""


def read(folder: Path, text: str) -> Reading:
    (folder / "kettle.rst").write_text(text, encoding="utf-8")
    return read_source(folder)


@pytest.fixture(scope="module")
def manual(tmp_path_factory) -> Reading:
    return read(tmp_path_factory.mktemp("manual"), MANUAL)


@pytest.fixture(scope="module")
def said(manual) -> str:
    return "\n".join(f"{entry.title}\n{entry.answer}" for entry in manual.entries)


def test_a_file_is_a_document_with_its_heading_for_a_title(manual):
    assert manual.documents == 1
    assert all(entry.title.startswith("The kettle") for entry in manual.entries)


@pytest.mark.parametrize(
    "shown",
    [
        "Press On, see the blue lamp, then Menu > Clean (Cleaning it, opening hours, "
        "Return policy, open).",
        "Keep the receipt.",
        "⚠ Warning: Never open the lid.",
        "Europe",
        "Use 230 volts.",
        "Model: Large; Price: 40 euros",
        "terminal\n\n```\n$ kettle --on\n```",
        "1. Fill it with vinegar:\n   ```\n   half a litre\n   ```\n2. Boil it.",
        "nonsense: yes",  # what cannot be read stays as it is
    ],
)
def test_what_the_site_shows_is_read(said, shown):
    assert shown in said


def test_what_is_none_of_the_page_is_left_out_and_what_comes_from_elsewhere_is_told(manual, said):
    for hidden in ("orphan", "nobody shall read", "class", "other", "alert", "Traceback"):
        assert hidden not in said
    told = [reason for _, _, reason in manual.skipped]
    assert "what the site shows in place of '.. include::' is not known" in told
    assert "what the site shows in place of '.. raw::' is not known" in told
    assert not any("toctree" in reason for reason in told)


def test_a_chapter_of_several_parts_is_named_by_the_first(tmp_path):
    text = "退货\n====\n\n三十天内可以退货。\n\n换货\n====\n\n十天内可以换货。\n"
    (entry,) = read(tmp_path, text).entries
    assert entry.title == "退货"
    assert "三十天内可以退货。" in entry.answer and "换货" in entry.answer


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path):
    deep = "\n".join(f"{'  ' * depth}* x" for depth in range(3000))
    (tmp_path / "deep.rst").write_text(deep)
    reading = read(tmp_path, MANUAL)
    assert reading.documents == 1
    assert any(file == "deep.rst" and "not read" in reason for file, _, reason in reading.skipped)


def test_a_very_long_line_is_read(tmp_path):
    text = "Kettle\n======\n\n" + "Fill it and boil it. " * 1_000 + "\n\nKeep the receipt.\n"
    said = " ".join(entry.answer for entry in read(tmp_path, text).entries)
    assert said.count("boil") == 1_000 and "Keep the receipt." in said


@pytest.mark.parametrize("piece", ["\n", ":a:", ".. raw:: html\n\n"])
def test_what_repeats_takes_time_in_proportion(piece):
    def read_many(times):
        file = File("a.rst", b"Kettle\n======\n\nBoil it.\n\n" + piece.encode() * times)
        assert [*read_restructured(file, Remarks("a.rst"))]

    assert is_in_proportion(read_many, 8_000)


def test_each_of_several_labels_leads_to_the_heading_below(tmp_path):
    labels = ".. _clean:\n\n.. _out: http://a.example\n.. _lime:\n\n"
    head = "Kettle\n======\n\nSee :ref:`clean` and :ref:`lime`.\n\n"
    text = f"{head}{labels}Descaling\n---------\n\nx\n"
    (entry, *_) = read(tmp_path, text).entries
    assert "See Descaling and Descaling." in entry.answer
