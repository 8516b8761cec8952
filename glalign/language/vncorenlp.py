"""VnCoreNLP's word segmenter (RDRSegmenter, Nguyen et al. 2018), which cut the text that PhoBERT was trained with."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from glalign.support.errors import UserError

HOME = "VNCORENLP_HOME"
"""Environment variable: folder of VnCoreNLP's jar and models."""

DEFAULT_HOME = "~/.cache/vncorenlp"


def word_segmenter() -> Callable[[str], Sequence[str]]:
    """Return the function that splits a text into words, with "_" between syllables. It starts a Java machine.

    Raises: UserError when py_vncorenlp, Java or the downloaded model is missing; ImportError when it is not installed.
    """
    import py_vncorenlp  # noqa: PLC0415  (an extra, not a requirement)

    folder = Path(os.environ.get(HOME, DEFAULT_HOME)).expanduser().resolve()
    if not list(folder.glob("VnCoreNLP-*.jar")) or not (folder / "models").is_dir():
        download = f"python -c \"import py_vncorenlp; py_vncorenlp.download_model(save_dir='{folder}')\""
        raise UserError(f"{folder}: no model of VnCoreNLP; make the folder and run {download}, or set {HOME}")
    here = Path.cwd()
    try:
        model = py_vncorenlp.VnCoreNLP(annotators=["wseg"], save_dir=str(folder))
    except Exception as error:  # pyjnius raises what Java throws, and others when it finds no Java
        raise UserError(f"segmenter vncorenlp: {error}; install Java 8 or later and set JAVA_HOME") from error
    finally:
        os.chdir(here)  # VnCoreNLP's constructor changes the working directory
    return lambda text: [word for sentence in model.word_segment(text) for word in sentence.split()]
