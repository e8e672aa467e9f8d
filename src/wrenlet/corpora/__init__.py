"""What there is to learn from: recordings with labels, speakers and splits."""

from wrenlet.corpora.catalogue import CORPORA, Corpus, data_root, find_corpus, get_corpus, open_corpus
from wrenlet.corpora.clips import Clips, load_clips
from wrenlet.corpora.inspection import CorpusCheck, Duplicate, SplitSummary, check_corpus, summarise
from wrenlet.corpora.opened import OpenCorpus, Skipped
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.corpora.splits import SPLITS

__all__ = [
    "CORPORA",
    "SPLITS",
    "Clips",
    "Corpus",
    "CorpusCheck",
    "CorpusSettings",
    "Duplicate",
    "OpenCorpus",
    "Skipped",
    "SplitSummary",
    "check_corpus",
    "data_root",
    "find_corpus",
    "get_corpus",
    "load_clips",
    "open_corpus",
    "summarise",
]
