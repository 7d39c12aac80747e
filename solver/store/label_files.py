"""Labels in rising order in a file: whole numbers as a numpy array, texts as Arrow; both are mapped, not loaded."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from solver.reading.looked_at.rating_texts import labels_from_texts

from .whole_files import DRAFT

SortedLabels: TypeAlias = "np.ndarray | pa.StringArray"     # int64 in rising order, or texts in the order of their bytes
_SCHEMA = pa.schema([("label", pa.string())])


def sorted_labels(texts: list[str]) -> tuple[SortedLabels, np.ndarray]:
    """(the labels that these texts stand for, each once and in rising order; (n_texts,) int32 the place of each text)"""
    labels = labels_from_texts(texts)
    if labels and isinstance(labels[0], int):
        ids, places = np.unique(np.array(labels, np.int64), return_inverse=True)
        return ids, places.astype(np.int32)
    return _sorted_texts(pa.array(labels, pa.string()))


def _sorted_texts(texts: pa.StringArray) -> tuple[pa.StringArray, np.ndarray]:
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(order), rank[encoded.indices.to_numpy()]


def joined_labels(pieces: list[SortedLabels]) -> tuple[SortedLabels, np.ndarray]:
    """(the labels of several pieces of one kind, each once and in rising order; the place of each, piece after piece)"""
    if isinstance(pieces[0], np.ndarray):
        numbers, places = np.unique(np.concatenate(pieces), return_inverse=True)
        return numbers, places
    return _sorted_texts(pa.concat_arrays(pieces))


def as_sorted_texts(numbers: np.ndarray) -> tuple[pa.StringArray, np.ndarray]:
    """(whole numbers as texts, in the order of texts; (n,) the place of each among the numbers)"""
    texts = pa.array(map(str, numbers.tolist()), pa.string())
    order = pc.sort_indices(texts)
    return texts.take(order), order.to_numpy()


def as_labels(stored: SortedLabels) -> list[Hashable]:
    """The labels as a list of Python's own numbers or texts."""
    return stored.tolist() if isinstance(stored, np.ndarray) else stored.to_pylist()


def write_labels(stem: Path, pieces: Iterable[SortedLabels], *, whole_numbers: bool) -> Path:
    """Write labels piece by piece; the file appears when all of them are written. Its name is `stem` with ``.int64`` or ``.arrow``."""
    path = label_file(stem, whole_numbers=whole_numbers)
    draft = path.with_name(path.name + DRAFT)
    if whole_numbers:
        with draft.open("wb") as file:
            for piece in pieces:
                file.write(np.asarray(piece, np.int64).tobytes())
    else:
        with pa.OSFile(str(draft), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
            for piece in pieces:
                writer.write_batch(pa.record_batch([piece], _SCHEMA))
    draft.replace(path)
    return path


def label_file(stem: Path, *, whole_numbers: bool) -> Path:
    """The name of a file of labels."""
    return stem.with_name(stem.name + (".int64" if whole_numbers else ".arrow"))


def stored_labels(stem: Path) -> list[SortedLabels]:
    """The labels in pieces, mapped from the file that `write_labels` wrote."""
    path = label_file(stem, whole_numbers=True)
    if path.exists():
        return [np.memmap(path, np.int64, "r") if path.stat().st_size else np.empty(0, np.int64)]
    reader = pa.ipc.open_file(pa.memory_map(str(label_file(stem, whole_numbers=False))))
    return [reader.get_batch(number).column(0) for number in range(reader.num_record_batches)]
